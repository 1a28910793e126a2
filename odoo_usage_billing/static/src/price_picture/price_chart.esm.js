import {Component, onMounted, onWillUnmount, useRef, useState} from "@odoo/owl";
import {formatFloat, humanNumber} from "@web/core/utils/numbers";
import {formatCurrency} from "@web/core/currency";

const HEIGHT = 260;
const MARGIN = {top: 26, right: 16, bottom: 40, left: 16};
const BAR = 26;
const LETTER = 6.6;

/** A step of 1, 2 or 5 times a power of ten that cuts `span` into about `count` parts. */
function niceStep(span, count) {
    const raw = span / count;
    const power = Math.pow(10, Math.floor(Math.log10(raw)));
    const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= raw * 0.999);
    return factor * power;
}

function ticksOf(low, high, count) {
    const step = niceStep(high - low || 1, count);
    const ticks = [];
    for (let tick = Math.ceil(low / step - 1e-9); tick * step <= high + step * 1e-9; tick++) {
        ticks.push(tick * step);
    }
    return {ticks, step};
}

function decimalsOf(step) {
    return Math.max(0, Math.min(10, -Math.floor(Math.log10(step) + 1e-9)));
}

/** Draws prices: lines over the quantity, or bars side by side. Numbers come as text from the server. */
export class PriceChart extends Component {
    static template = "odoo_usage_billing.PriceChart";
    static props = {
        series: {type: Array, optional: true},
        bars: {type: Array, optional: true},
        marks: {type: Array, optional: true},
        tried: {type: Array, optional: true},
        currencyId: {type: Number, optional: true},
        caption: {type: String, optional: true},
        xLabel: {type: String, optional: true},
    };

    setup() {
        this.root = useRef("root");
        this.state = useState({width: 600});
        onMounted(() => {
            this.observer = new ResizeObserver(() => this.measure());
            this.observer.observe(this.root.el);
            this.measure();
        });
        onWillUnmount(() => this.observer.disconnect());
    }

    measure() {
        const width = this.root.el && this.root.el.clientWidth;
        if (width && Math.abs(width - this.state.width) > 1) {
            this.state.width = width;
        }
    }

    money(value, step) {
        if (Math.abs(value) >= 1e6) {
            return formatCurrency(value, this.props.currencyId, {humanReadable: true, digits: [0, 1]});
        }
        const decimals = step === undefined ? 6 : decimalsOf(step);
        return formatCurrency(value, this.props.currencyId, {
            digits: [0, decimals],
            trailingZeros: step !== undefined && decimals > 0,
        });
    }

    number(value, step) {
        if (Math.abs(value) >= 1e6) {
            return humanNumber(value, {decimals: 1});
        }
        return formatFloat(value, {digits: [0, step ? decimalsOf(step) : 6], trailingZeros: false});
    }

    /** Everything that the template draws of lines, in pixels. */
    get plot() {
        const series = this.props.series.map(({name, points}) => ({
            name,
            points: points.map(([x, y]) => [Number(x), Number(y)]),
        }));
        const all = series.flatMap((one) => one.points);
        const xMax = Math.max(...all.map(([x]) => x)) || 1;
        const yLow = Math.min(0, ...all.map(([, y]) => y));
        let yHigh = Math.max(0, ...all.map(([, y]) => y));
        if (yHigh === yLow) {
            yHigh = yLow + 1;
        }
        const yTicks = ticksOf(yLow, yHigh, 4);
        const yLabels = yTicks.ticks.map((tick) => this.money(tick, yTicks.step));
        const left = MARGIN.left + Math.max(...yLabels.map((text) => text.length)) * LETTER;
        const right = this.state.width - MARGIN.right;
        const bottom = HEIGHT - MARGIN.bottom;
        const toX = (x) => left + (x / xMax) * (right - left);
        const toY = (y) => bottom - ((y - yLow) / (yHigh - yLow)) * (bottom - MARGIN.top);
        const xTicks = ticksOf(0, xMax, Math.max(2, Math.min(6, (right - left) / 90)));
        const path = ({points}) => points.map(([x, y], i) => `${i ? "L" : "M"}${toX(x)},${toY(y)}`).join("");
        return {
            left,
            right,
            bottom,
            top: MARGIN.top,
            zero: toY(0),
            height: HEIGHT,
            yTicks: yTicks.ticks.map((tick, i) => ({at: toY(tick), text: yLabels[i]})),
            xTicks: xTicks.ticks.map((tick) => ({at: toX(tick), text: this.number(tick, xTicks.step)})),
            marks: (this.props.marks || []).map(Number).map(toX),
            paths: series.map((one, i) => ({name: one.name, d: path(one), number: i + 1})),
            tried: this.props.tried && this.triedAt(toX, toY, left, right),
        };
    }

    triedAt(toX, toY, left, right) {
        const [x, y] = this.props.tried.map(Number);
        const text = `${this.number(x)}: ${this.money(y)}`;
        const half = (text.length * LETTER) / 2;
        return {
            x: toX(x),
            y: toY(y),
            text,
            textX: Math.min(Math.max(toX(x), left + half), right - half),
            textY: Math.max(toY(y) - 10, 12),
        };
    }

    /** The bars from top to bottom, in pixels. */
    get barPlot() {
        const values = this.props.bars.map((bar) => Number(bar.value));
        const most = Math.max(...values.map(Math.abs)) || 1;
        const texts = values.map((value) => this.money(value));
        const labels = Math.min(200, this.state.width * 0.35);
        const room = this.state.width - labels - Math.max(...texts.map((text) => text.length)) * LETTER - 24;
        return {
            height: this.props.bars.length * BAR + 4,
            labels,
            bars: this.props.bars.map((bar, i) => ({
                text: texts[i],
                label: bar.label.length * LETTER > labels ? `${bar.label.slice(0, labels / LETTER - 1)}…` : bar.label,
                title: bar.label,
                y: i * BAR + 4,
                width: Math.max(2, (Math.abs(values[i]) / most) * room),
                negative: values[i] < 0,
            })),
        };
    }
}
