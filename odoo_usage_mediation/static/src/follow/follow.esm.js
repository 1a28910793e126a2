import {Component, onMounted, onWillUnmount, xml} from "@odoo/owl";
import {registry} from "@web/core/registry";
import {standardWidgetProps} from "@web/views/widgets/standard_widget_props";

const PAUSE = 2000;

/** Reads a record again every two seconds while the server works on it. */
export class Follow extends Component {
    static template = xml`<span class="d-none"/>`;
    static props = {...standardWidgetProps};

    setup() {
        onMounted(() => this.wait());
        onWillUnmount(() => {
            clearTimeout(this.timer);
            this.timer = null;
        });
    }

    wait() {
        this.timer = setTimeout(async () => {
            const {record} = this.props;
            if (record.data.state === "reading" && !document.hidden) {
                // A server that is away for a moment is asked again.
                await record.load().catch(() => null);
            }
            if (this.timer) {
                this.wait();
            }
        }, PAUSE);
    }
}

registry.category("view_widgets").add("usage_follow", {component: Follow});
