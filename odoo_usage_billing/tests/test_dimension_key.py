"""Price dimensions keep buckets apart, whatever their names and values are."""

import random

from odoo.tests import BaseCase, tagged

from odoo.addons.odoo_usage_billing.invoicing.measure_parts import read_dimension_key
from odoo.addons.odoo_usage_billing.store.records import dimension_key


@tagged("post_install", "-at_install")
class TestDimensionKey(BaseCase):
    def test_a_key_reads_back_as_the_dimensions_it_was_made_of(self):
        dice = random.Random(5)

        def word(most):
            return "".join(dice.choice("ab;=\\\n") for _n in range(dice.randint(1, most)))

        for _turn in range(2000):
            dimensions = {word(3): word(6) for _n in range(3)}
            names = tuple(sorted(dimensions))
            self.assertEqual(read_dimension_key(dimension_key(dimensions, names)), dimensions)
