import { BarChart, LineChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, use } from "echarts/core";
import { SVGRenderer } from "echarts/renderers";
import type { DayResult } from "./day-results.ts";
import { columnTitle, figureText, shapeOf } from "./figures.ts";
import type { ResultRow } from "./parse-result.ts";

const widthPx = 420;
const colors = ["#2f6f6b", "#d08c3f", "#6b5b95", "#8a9a5b", "#b5525c"];
const barPx = 30;
const maxBars = 20;

/** A picture of rows that are told apart by something: a bar for each, of the first figure. SVG. */
export function barChart(rows: readonly ResultRow[]): string {
  const { categories, figures } = shapeOf(rows);
  const [figure = ""] = figures;
  const shown = rows
    .toSorted((a, b) => Number(b[figure]) - Number(a[figure]))
    .slice(0, maxBars)
    .reverse();
  const names = shown.map((row) => categories.map((column) => row[column] ?? "–").join(" · "));
  return draw(shown.length * barPx + 40, {
    grid: { left: labelPx(names), right: 64, top: 8, bottom: 8 },
    xAxis: { type: "value", show: false },
    yAxis: { type: "category", data: names, axisTick: { show: false }, axisLine: { show: false } },
    series: [
      {
        type: "bar",
        data: shown.map((row) => Number(row[figure])),
        barMaxWidth: 18,
        label: {
          show: true,
          position: "right",
          formatter: ({ value }: { value: number }) => figureText(figure, String(value)),
        },
      },
    ],
  });
}

/** How figures moved from day to day. SVG. */
export function lineChart(results: readonly DayResult[]): string {
  const { figures } = shapeOf(results.flatMap(({ rows }) => rows));
  return draw(220, {
    grid: { left: 64, right: 16, top: 36, bottom: 28 },
    legend: { top: 0, left: 0, icon: "roundRect" },
    xAxis: { type: "category", data: results.map(({ day }) => day.slice(5)), boundaryGap: false },
    yAxis: {
      type: "value",
      axisLabel: { formatter: (value: number) => figureText(figures[0] ?? "", String(value)) },
    },
    series: figures.map((figure) => ({
      type: "line",
      name: columnTitle(figure),
      data: results.map(({ rows }) => (rows[0]?.[figure] == null ? null : Number(rows[0][figure]))),
      symbolSize: 6,
    })),
  });
}

/** Room for the longest name, within reason. */
function labelPx(names: readonly string[]): number {
  return Math.min(200, 16 + 7 * Math.max(0, ...names.map((name) => name.length)));
}

function draw(height: number, option: Parameters<ReturnType<typeof init>["setOption"]>[0]): string {
  use([BarChart, LineChart, GridComponent, LegendComponent, SVGRenderer]);
  const chart = init(null, null, { renderer: "svg", ssr: true, width: widthPx, height });
  chart.setOption({ color: colors, animation: false, textStyle: { fontFamily: "system-ui, sans-serif" }, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}
