import {registry} from "@web/core/registry";

/** The values of the first series of the n-th chart on the page, as Chart.js holds them. */
function drawn(place) {
    const canvas = document.querySelectorAll(".o_usage_chart_ready canvas")[place];
    return window.Chart.getChart(canvas).data.datasets[0].data;
}

function assertDrawn(place, expected) {
    const sum = drawn(place).reduce((total, value) => total + (value || 0), 0);
    if (sum !== expected) {
        throw new Error(`chart ${place} shows ${sum} instead of ${expected}`);
    }
}

registry.category("web_tour.tours").add("odoo_usage_mi_portal", {
    url: "/my",
    steps: () => [
        {
            content: "the home page leads to usage",
            trigger: ".o_portal_index_card:not(.d-none) a[href='/my/usage']",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "the contract with its open period",
            trigger: ".o_usage_contract:contains('250'):contains('1,000') a:contains('North fleet')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "both charts are drawn",
            trigger: "#usage_charts:has(.o_usage_chart_ready + .o_usage_chart_ready, .o_usage_chart_ready canvas)",
            run: () => {
                assertDrawn(0, 250);
                assertDrawn(1, 1350);
            },
        },
        {
            content: "who used what",
            trigger: ".o_usage_subjects:contains('N0001'):contains('Ada N')",
        },
        {
            content: "open the periods",
            trigger: "button.o_usage_period",
            run: "click",
        },
        {
            content: "choose the invoiced one",
            trigger: ".o_usage_periods a:contains('Invoiced')",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "its charts are drawn",
            trigger: ".o_usage_line:contains('1,100'):contains('51.00')",
        },
        {
            content: "days of the invoiced period",
            trigger: "#usage_charts .o_usage_chart_ready canvas",
            run: () => assertDrawn(0, 1100),
        },
        {
            content: "the explanation of the amount",
            trigger: ".o_usage_explanation summary",
            run: "click",
        },
        {
            content: "open the invoice",
            trigger: ".o_usage_explanation[open]",
        },
        {
            content: "from usage to the invoice",
            trigger: ".o_usage_invoices a",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "and from the invoice to usage",
            trigger: ".o_usage_links a:contains('North fleet')",
        },
    ],
});
