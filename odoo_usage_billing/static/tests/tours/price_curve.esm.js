import {registry} from "@web/core/registry";

const CURVE = ".o_usage_price_picture path.o_usage_curve_1";
let drawn = "";

/** Wait until the curve is another than the one remembered, and remember it. */
async function waitForAnother() {
    for (let tries = 0; tries < 100; tries++) {
        const path = document.querySelector(CURVE);
        if (path && path.getAttribute("d") !== drawn) {
            drawn = path.getAttribute("d");
            return;
        }
        await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error("the curve did not change");
}

registry.category("web_tour.tours").add("odoo_usage_billing_price_curve", {
    steps: () => [
        {
            content: "the price is drawn",
            trigger: CURVE,
            run: waitForAnother,
        },
        {
            content: "no curve without a number",
            trigger: ".o_usage_price_picture:not(:has(.NaN))",
        },
        {
            content: "open the first tier",
            trigger: ".o_field_widget[name='tier_ids'] .o_data_row:first td[name='unit_price']",
            run: "click",
        },
        {
            content: "another price",
            trigger: ".o_field_widget[name='tier_ids'] td[name='unit_price'] input",
            run: "edit 3",
        },
        {
            content: "leave the field",
            trigger: ".o_field_widget[name='tier_ids'] td[name='flat_amount'] input",
            run: "click",
        },
        {
            content: "the curve is another",
            trigger: CURVE,
            run: waitForAnother,
        },
        {
            content: "try a quantity",
            trigger: "input[name='try_quantity']",
            run: "edit 12",
        },
        {
            content: "it costs 10 x 3 + 2 x 1, in words",
            trigger: ".o_usage_try_result:contains('32.00'):contains('Tier 1: 10 x 3 = 30')",
        },
        {
            content: "and is marked on the curve",
            trigger: ".o_usage_tried_text:contains('12')",
        },
        {
            content: "make it a volume price",
            trigger: ".o_field_widget[name='charge_model'] input, .o_field_widget[name='charge_model'] select",
            run: "click",
        },
        {
            content: "volume tiers",
            trigger: ".o_select_menu_item:contains('Volume tiers')",
            run: "click",
        },
        {
            content: "which falls, and says so",
            trigger: ".o_usage_price_picture .alert-warning:contains('The total falls')",
        },
        {
            content: "nothing is kept",
            trigger: ".o_form_button_cancel",
            run: "click",
        },
        {
            content: "the curve is the first one again",
            trigger: ".o_form_view:not(:has(.o_form_button_cancel:visible)), .o_form_saved",
        },
    ],
});
