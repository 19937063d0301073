// How the map looks. No glyphs and no outside tiles: words are drawn from the reader's own fonts.

import type { CircleLayerSpecification, ExpressionSpecification, FilterSpecification, LayerSpecification, StyleSpecification } from "maplibre-gl";
import type { Language } from "../../shared/texts";

interface Colours {
  ground: string; city: string; line: string; label: string; halo: string; part: string; building: string;
  buildingLine: string; dwelling: string; cluster: string; clusterText: string; edge: string; late: string; chosen: string;
  phases: Record<string, string>;
}

// The same colours as in console.css.
const LIGHT: Colours = {
  ground: "#e4e6e3", city: "#f7f6f2", line: "#7d8790", label: "#3b434b", halo: "#f7f6f2", part: "#4f7d3a",
  building: "#d9d3c7", buildingLine: "#a59c8a", dwelling: "#8a7f6b", cluster: "#2c4a63", clusterText: "#ffffff",
  edge: "#ffffff", late: "#c02815", chosen: "#111418",
  phases: { waiting: "#b26a00", routing: "#7a3fb0", handling: "#0b62a8", checking: "#0c7a63", over: "#6a7077" },
};
const DARK: Colours = {
  ground: "#0e1012", city: "#1a1d21", line: "#6d7780", label: "#d4d8dc", halo: "#14171a", part: "#9acb80",
  building: "#2c2f33", buildingLine: "#5a5f66", dwelling: "#a79f90", cluster: "#b9d4ea", clusterText: "#0e1a24",
  edge: "#0e1012", late: "#ff6a55", chosen: "#ffffff",
  phases: { waiting: "#f0b04a", routing: "#c79bf0", handling: "#6cb8f5", checking: "#55cdb2", over: "#9aa1a8" },
};

const FONT = ["Noto Sans CJK SC", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", "sans-serif"];
const level = (name: string): ExpressionSpecification => ["==", ["get", "level"], name];
const isCluster: ExpressionSpecification = ["has", "count"];
const isCase: ExpressionSpecification = ["!", ["has", "count"]];

export const colours = (dark: boolean): Colours => (dark ? DARK : LIGHT);

/** `scale` is how large words and marks are against a small screen. */
export function layers(dark: boolean, spoken: Language, scale: number): LayerSpecification[] {
  const c = colours(dark);
  const name: ExpressionSpecification = ["get", spoken === "zh" ? "name_zh" : "name_en"];
  const phase: ExpressionSpecification = [
    "match", ["get", "phase"], ...Object.entries(c.phases).flat(), c.phases["over"] ?? "#777777",
  ] as unknown as ExpressionSpecification;
  const label = (id: string, of: string, from: number, to: number, size: number): LayerSpecification => ({
    id, type: "symbol", source: "areas", "source-layer": "labels", minzoom: from, maxzoom: to, filter: level(of),
    layout: { "text-field": name, "text-font": FONT, "text-size": ["interpolate", ["linear"], ["zoom"], from, size * scale, to, (size + 4) * scale], "text-max-width": 8, "text-padding": 4, "text-variable-anchor": ["center", "right", "left", "bottom", "top"] },
    paint: { "text-color": c.label, "text-halo-color": c.halo, "text-halo-width": 1.6 },
  });
  const border = (id: string, of: string, from: number, width: number, faint: number): LayerSpecification => ({
    id, type: "line", source: "areas", "source-layer": "areas", minzoom: from, filter: level(of),
    layout: { "line-join": "round" },
    paint: { "line-color": c.line, "line-opacity": faint, "line-width": ["interpolate", ["linear"], ["zoom"], 7, width * 0.7, 14, width * 1.6] },
  });
  const dot: CircleLayerSpecification["paint"] = {
    "circle-color": phase,
    "circle-stroke-width": ["case", ["get", "late"], 3, 1.5],
    "circle-stroke-color": ["case", ["get", "late"], c.late, c.edge],
  };
  const lateMark = (id: string, source: string, filter: FilterSpecification): LayerSpecification => ({
    id, type: "symbol", source, filter,
    layout: { "text-field": "!", "text-font": FONT, "text-size": 12 * scale, "text-allow-overlap": true, "text-ignore-placement": true },
    paint: { "text-color": c.edge },
  });
  return [
    { id: "ground", type: "background", paint: { "background-color": c.ground } },
    { id: "city-fill", type: "fill", source: "areas", "source-layer": "areas", filter: ["!=", ["get", "level"], "community"], paint: { "fill-color": c.city, "fill-antialias": false } },
    { id: "community-fill", type: "fill", source: "areas", "source-layer": "areas", filter: level("community"), paint: { "fill-color": c.city, "fill-antialias": false } },
    { id: "buildings", type: "fill", source: "registers", "source-layer": "buildings", minzoom: 15, paint: { "fill-color": c.building, "fill-outline-color": c.buildingLine } },
    { id: "dwellings", type: "circle", source: "registers", "source-layer": "dwellings", minzoom: 16, paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 16, 1, 19, 3], "circle-color": c.dwelling } },
    { id: "parts", type: "circle", source: "registers", "source-layer": "parts", minzoom: 15, paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 15, 1.6, 19, 5], "circle-color": c.part, "circle-stroke-color": c.edge, "circle-stroke-width": 0.6 } },
    border("community-line", "community", 10, 0.7, 0.55),
    border("street-line", "street", 9, 0.9, 0.7),
    border("district-line", "district", 6, 1.5, 0.9),
    border("city-line", "city", 0, 2.2, 1),
    label("community-label", "community", 12.5, 24, 11),
    label("district-label", "district", 6.5, 12.5, 12),
    label("city-label", "city", 0, 6.5, 14),
    {
      id: "clusters", type: "circle", source: "cases", filter: isCluster,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["log10", ["get", "count"]], 0.3, 11 * scale, 2, 18 * scale, 4, 30 * scale],
        "circle-color": c.cluster, "circle-opacity": 0.92,
        "circle-stroke-width": ["case", [">", ["get", "late"], 0], 3.5, 1],
        "circle-stroke-color": ["case", [">", ["get", "late"], 0], c.late, c.edge],
      },
    },
    {
      id: "cases", type: "circle", source: "cases", filter: isCase,
      paint: {
        "circle-radius": ["interpolate", ["linear"], ["zoom"], 7, ["case", ["get", "fresh"], 8 * scale, 6 * scale], 16, ["case", ["get", "fresh"], 11 * scale, 9 * scale]],
        ...dot,
      },
    },
    lateMark("late-marks", "cases", ["all", isCase, ["get", "late"]]),
    {
      id: "cluster-counts", type: "symbol", source: "cases", filter: isCluster,
      layout: { "text-field": ["get", "label"], "text-font": FONT, "text-size": 12.5 * scale, "text-allow-overlap": true, "text-ignore-placement": true },
      paint: { "text-color": c.clusterText },
    },
    // The chosen case stands in its ring also where a cluster has it.
    {
      id: "chosen-case", type: "circle", source: "chosen",
      paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 7, 6 * scale, 16, 9 * scale], ...dot },
    },
    lateMark("chosen-late-mark", "chosen", ["get", "late"]),
    // The ring may lie on a cluster, which is as dark, or as light, as it is: an edge parts them.
    {
      id: "chosen-edge", type: "circle", source: "chosen",
      paint: { "circle-radius": 14 * scale - 2, "circle-color": "rgba(0,0,0,0)", "circle-stroke-width": 7, "circle-stroke-color": c.edge },
    },
    {
      id: "chosen", type: "circle", source: "chosen",
      paint: { "circle-radius": 14 * scale, "circle-color": "rgba(0,0,0,0)", "circle-stroke-width": 3, "circle-stroke-color": c.chosen },
    },
  ];
}

export function style(dark: boolean, spoken: Language, scale: number, origin: string): StyleSpecification {
  const empty = { type: "FeatureCollection" as const, features: [] };
  return {
    version: 8,
    sources: {
      areas: { type: "vector", tiles: [`${origin}/api/v1/tiles/areas/{z}/{x}/{y}`], minzoom: 0, maxzoom: 14 },
      registers: { type: "vector", tiles: [`${origin}/api/v1/tiles/registers/{z}/{x}/{y}`], minzoom: 15, maxzoom: 16 },
      cases: { type: "geojson", data: empty },
      chosen: { type: "geojson", data: empty },
    },
    layers: layers(dark, spoken, scale),
  };
}
