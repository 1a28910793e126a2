import {Component} from "@odoo/owl";
import {PriceChart} from "./price_chart.esm";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** The curves of two versions in one picture. */
export class PriceCurvesField extends Component {
    static template = "odoo_usage_billing.PriceCurvesField";
    static components = {PriceChart};
    static props = {...standardFieldProps};

    get picture() {
        return this.props.record.data[this.props.name];
    }
}

export const priceCurvesField = {
    component: PriceCurvesField,
    displayName: _t("Price curves"),
    supportedTypes: ["json"],
};
registry.category("fields").add("usage_price_curves", priceCurvesField);
