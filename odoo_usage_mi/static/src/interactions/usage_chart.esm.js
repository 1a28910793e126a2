import {Interaction} from "@web/public/interaction";
import {loadBundle} from "@web/core/assets";
import {registry} from "@web/core/registry";

const FALLBACK = "#714B67";
const AGREED = "#E46E4F";

/**
 * Draws the series in `data-chart` as bars, and agreed figures as a stepped line.
 *
 * Data: {labels, unit, series: [{label, values, is_line}]}; a null value leaves a gap.
 */
export class UsageChart extends Interaction {
    static selector = ".o_usage_chart";

    async willStart() {
        await loadBundle("web.chartjs_lib");
    }

    start() {
        const canvas = this.el.querySelector("canvas");
        this.data = JSON.parse(this.el.dataset.chart);
        this.formatter = new Intl.NumberFormat(document.documentElement.lang || undefined, {
            maximumFractionDigits: 9,
        });
        const chart = new window.Chart(canvas, this.config());
        this.el.classList.add("o_usage_chart_ready");
        this.registerCleanup(() => chart.destroy());
    }

    config() {
        return {
            data: {labels: this.data.labels, datasets: this.data.series.map((one) => this.dataset(one))},
            options: {
                animation: false,
                maintainAspectRatio: false,
                interaction: {mode: "index", intersect: false},
                scales: {
                    x: {grid: {display: false}, ticks: {autoSkip: true, maxRotation: 0, autoSkipPadding: 12}},
                    y: {beginAtZero: true, ticks: {maxTicksLimit: 6, callback: (value) => this.number(value)}},
                },
                plugins: {
                    legend: {display: this.data.series.length > 1, labels: {boxWidth: 12}},
                    tooltip: {callbacks: {label: (item) => this.tooltip(item)}},
                },
            },
        };
    }

    dataset(one) {
        const colour = getComputedStyle(document.documentElement).getPropertyValue("--primary").trim() || FALLBACK;
        if (!one.is_line) {
            return {type: "bar", label: one.label, data: one.values, backgroundColor: colour, maxBarThickness: 40};
        }
        return {
            type: "line",
            label: one.label,
            data: one.values,
            borderColor: AGREED,
            backgroundColor: "transparent",
            borderDash: [5, 4],
            borderWidth: 2,
            pointRadius: 0,
            stepped: "middle",
            order: -1,
        };
    }

    number(value) {
        return this.formatter.format(value);
    }

    tooltip(item) {
        return `${item.dataset.label}: ${this.number(item.parsed.y)} ${this.data.unit}`;
    }
}

registry.category("public.interactions").add("odoo_usage_mi.usage_chart", UsageChart);
