import {Component, useState} from "@odoo/owl";
import {KeepLast} from "@web/core/utils/concurrency";
import {PriceChart} from "./price_chart.esm";
import {_t} from "@web/core/l10n/translation";
import {parseFloat as parseNumber} from "@web/views/fields/parsers";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";
import {useDebounced} from "@web/core/utils/timing";
import {useRecordObserver} from "@web/model/relational_model/utils";
import {useService} from "@web/core/utils/hooks";

/** The price curve of a rate card version as it is typed, and a box to try a quantity. */
export class PricePictureField extends Component {
    static template = "odoo_usage_billing.PricePictureField";
    static components = {PriceChart};
    static props = {...standardFieldProps};

    setup() {
        this.orm = useService("orm");
        this.keepLast = new KeepLast();
        this.state = useState({typed: {}, result: null, busy: false});
        this.tryLater = useDebounced(() => this.tryQuantity(), 300);
        useRecordObserver((record) => {
            this.drawn = JSON.stringify(record.data[this.props.name]);
            if (this.state.typed.quantity) {
                this.tryLater();
            }
        });
    }

    get picture() {
        return this.props.record.data[this.props.name] || {};
    }

    /** The picture with the tried quantity in it, once the server has drawn it. */
    get shown() {
        const tried = this.state.result && this.state.result.picture;
        return tried && tried.points && !this.picture.problem ? tried : this.picture;
    }

    get series() {
        return [{name: this.picture.caption || "", points: this.shown.points}];
    }

    get barsLeft() {
        return _t("%s more rows are not drawn.", this.picture.bars_left);
    }

    onInput(name, event) {
        this.state.typed[name] = event.target.value;
        this.tryLater();
    }

    /** Typed numbers in the reader's format become plain decimals; what is no number the server refuses. */
    plain(input) {
        const text = (this.state.typed[input.name] || "").trim();
        if (input.kind !== "number" || !text) {
            return text;
        }
        try {
            return String(parseNumber(text));
        } catch {
            return text;
        }
    }

    async tryQuantity() {
        if (!(this.state.typed.quantity || "").trim() || this.picture.problem) {
            this.state.result = null;
            return;
        }
        const record = this.props.record;
        const changes = await record.getChanges();
        const inputs = Object.fromEntries((this.picture.inputs || []).map((input) => [input.name, this.plain(input)]));
        const ids = record.resId ? [record.resId] : [];
        this.state.result = await this.keepLast.add(
            this.orm.call(record.resModel, "price_try", [ids, changes, inputs])
        );
    }
}

export const pricePictureField = {
    component: PricePictureField,
    displayName: _t("Price curve"),
    supportedTypes: ["json"],
};
registry.category("fields").add("usage_price_picture", pricePictureField);
