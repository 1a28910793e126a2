import {registry} from "@web/core/registry";
import {rpc} from "@web/core/network/rpc";

/** Put the attachment of a name into a file field, as a person who picks it would. */
async function pick(anchor, name) {
    const [found] = await rpc("/web/dataset/call_kw/ir.attachment/search_read", {
        model: "ir.attachment",
        method: "search_read",
        args: [[["name", "=", name]], ["id"]],
        kwargs: {},
    });
    const answer = await fetch(`/web/content/${found.id}`);
    if (!answer.ok) {
        throw new Error(`${name} cannot be fetched: ${answer.status} ${await answer.text()}`);
    }
    const content = await answer.arrayBuffer();
    const transfer = new DataTransfer();
    transfer.items.add(new File([content], name));
    const input = anchor.querySelector("input[type=file]");
    input.files = transfer.files;
    input.dispatchEvent(new Event("change", {bubbles: true}));
}

registry.category("web_tour.tours").add("odoo_usage_mediation_upload", {
    steps: () => [
        {
            content: "choose the workbook",
            trigger: ".o_field_widget[name='file']",
            run: ({anchor}) => pick(anchor, "main-job.xlsx"),
        },
        {
            content: "the file is there",
            trigger:
                ".o_field_widget[name='file']:contains('main-job.xlsx'), .o_field_widget[name='file'] input:value('main-job.xlsx')",
        },
        {
            content: "look at it before anything is stored",
            trigger: "button[name='action_preview']",
            run: "click",
        },
        {
            content: "the unknown serial is refused, with its reason",
            trigger: ".o_field_widget[name='row_ids']:contains('NOT-OURS'):contains('Unknown serial')",
        },
        {
            content: "the bad rows can be downloaded",
            trigger: "button[name='action_download_refused']",
        },
        {
            content: "store the good rows",
            trigger: "button[name='action_confirm']",
            run: "click",
        },
        {
            content: "they are usage now",
            trigger: ".alert-success:contains('usage events now')",
        },
    ],
});

registry.category("web_tour.tours").add("odoo_usage_mediation_billing", {
    steps: () => [
        {
            content: "a new billing run",
            trigger: ".o_list_button_add, .o-kanban-button-new",
            run: "click",
        },
        {
            content: "invoice what is due",
            trigger: "button[name='action_start']:contains('Start')",
            run: "click",
        },
        {
            content: "the run is done",
            trigger: ".o_arrow_button_current:contains('Done'), .o_statusbar_status:contains('Done')",
        },
        {
            content: "to the invoices",
            trigger: "button[name='action_view_invoices']",
            run: "click",
        },
        {
            content: "the invoices are listed",
            trigger: ".o_last_breadcrumb_item:contains('Invoices')",
        },
        {
            content: "open the invoice",
            trigger: ".o_list_view .o_data_row .o_data_cell:contains('INV/')",
            run: "click",
        },
        {
            content: "its lines show baseline, actual and variance",
            trigger:
                ".o_field_widget[name='invoice_line_ids']:contains('Baseline'):contains('Actual usage'):contains('Variance')",
        },
        {
            content: "from the invoice to its charges",
            trigger: "button[name='action_view_usage_charges']",
            run: "click",
        },
        {
            content: "the list is there",
            trigger: ".o_last_breadcrumb_item:contains('Usage Charges')",
        },
        {
            content: "open the charge",
            trigger: ".o_list_view .o_data_row .o_data_cell",
            run: "click",
        },
        {
            content: "to its events",
            trigger: "button[name='action_view_events']",
            run: "click",
        },
        {
            content: "the list is there",
            trigger: ".o_last_breadcrumb_item:contains('Usage Events')",
        },
        {
            content: "open an event",
            trigger: ".o_list_view .o_data_row .o_data_cell",
            run: "click",
        },
        {
            content: "and back to the file",
            trigger: "button[name='action_open_file']",
            run: "click",
        },
        {
            content: "the batch names the file",
            trigger: ".o_form_view:contains('main-job.xlsx')",
        },
    ],
});
