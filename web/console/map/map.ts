// The map itself; loaded after the rest of the page. It follows the page's state, and tells it where it is.

import type { Feature } from "geojson";
import { effect, untracked } from "@preact/signals";
import { type GeoJSONSource, Map as MapLibre, NavigationControl, Popup, ScaleControl, setWorkerUrl, type MapMouseEvent } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url";
import "maplibre-gl/dist/maplibre-gl.css";
import { bearer, Refusal } from "../../shared/api";
import { figure, inLanguage, language, t } from "../../shared/texts";
import { isLate, phaseOf, type Row } from "../cases";
import type { Box } from "../filters";
import { refreshMap } from "../loading";
import { box, chosen, chosenRow, claims, clusters, filters, mapFailed, names, now, place, refusedToken, spots, type Cluster } from "../store";
import { dark } from "../theme";
import { layers, style } from "./style";

setWorkerUrl(workerUrl);
const calm = matchMedia("(prefers-reduced-motion: reduce)");
const FRESH_MS = 8000;
const AGAIN_MS = 3000;
/** Words on the map grow with those of the page. */
const scaleNow = (): number => parseFloat(getComputedStyle(document.documentElement).fontSize) / 14.5;

interface Address { z: number; x: number; y: number }
/** What MapLibre adds to an error of a tile. */
interface Failure { sourceId?: string; tile?: { tileID: { canonical: Address } } }

export class CityMap {
  readonly map: MapLibre;
  private readonly ends: (() => void)[] = [];
  private popup: Popup | null = null;
  private looked = "";
  private readonly missing: { source: string; at: Address }[] = [];
  private again: ReturnType<typeof setTimeout> | null = null;

  constructor(frame: HTMLElement) {
    this.map = new MapLibre({
      container: frame,
      style: style(dark.peek(), language.peek(), scaleNow(), location.origin),
      ...this.start(),
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      maxZoom: 20,
      minZoom: 5,
      fadeDuration: calm.matches ? 0 : 200,
      localIdeographFontFamily: '"Noto Sans CJK SC","Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif',
      transformRequest: (url) => (url.startsWith(`${location.origin}/api/`) ? { url, headers: bearer() } : { url }),
      locale: { "NavigationControl.ZoomIn": t("zoomIn"), "NavigationControl.ZoomOut": t("zoomOut"), "Map.Title": t("map") },
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.keyboard.disableRotation();
    this.map.addControl(new NavigationControl({ showCompass: false }), "top-right");
    this.map.addControl(new ScaleControl({ unit: "metric", maxWidth: 100 * scaleNow() }), "bottom-right");
    this.map.on("error", (event) => this.failed(event as { error: unknown } & Failure));
    this.map.on("resize", () => this.repaint(dark.peek(), language.peek()));
    this.map.on("moveend", () => this.tellPlace());
    this.map.on("click", (event) => this.click(event));
    for (const id of ["clusters", "cases", "parts", "buildings"]) {
      this.map.on("mouseenter", id, () => (this.map.getCanvas().style.cursor = "pointer"));
      this.map.on("mouseleave", id, () => (this.map.getCanvas().style.cursor = ""));
    }
    this.map.once("load", () => {
      this.tellPlace();
      this.follow();
      frame.dataset["ready"] = "1";
      // So that whoever looks from outside can ask what is drawn.
      Object.assign(frame, { cityMap: this });
    });
  }

  /** The middle of the map, for forms that ask for a place. */
  middle(): { lon: number; lat: number } {
    const { lng, lat } = this.map.getCenter();
    return { lon: Number(lng.toFixed(6)), lat: Number(lat.toFixed(6)) };
  }

  show(lon: number, lat: number): void {
    const zoom = Math.max(this.map.getZoom(), 15.5);
    this.map[calm.matches ? "jumpTo" : "flyTo"]({ center: [lon, lat], zoom });
  }

  fit(bounds: Box, maxZoom = 17): void {
    const [west, south, east, north] = bounds;
    this.map.fitBounds([[west, south], [east, north]], { padding: 40, maxZoom, animate: !calm.matches });
  }

  remove(): void {
    if (this.again !== null) clearTimeout(this.again);
    for (const end of this.ends) end();
    this.map.remove();
  }

  private start(): { center: [number, number]; zoom: number } | { bounds: Box; fitBoundsOptions: { padding: number } } {
    const at = place.peek();
    if (at) return { center: [at.lon, at.lat], zoom: at.zoom };
    const narrowed = filters.peek().community || filters.peek().district || claims.peek()?.scope || "";
    const areas = names.peek()?.areas;
    const home = areas?.get(narrowed) ?? [...(areas?.values() ?? [])].find((area) => area.level === "city");
    if (!home) return { center: [111.6, 26.4], zoom: 8 };
    return { bounds: home.bbox, fitBoundsOptions: { padding: 24 } };
  }

  private failed({ error, sourceId, tile }: { error: unknown } & Failure): void {
    const status = (error as { status?: number }).status;
    if (status === 401) {
      refusedToken(new Refusal(401, {}));
    } else if (status === undefined || status >= 500) {
      mapFailed.value = true;
      if (sourceId && tile) this.missing.push({ source: sourceId, at: tile.tileID.canonical });
      this.again ??= setTimeout(() => this.tryAgain(), AGAIN_MS);
    }
  }

  /** Tiles that could not be loaded are asked for again by name; reloading a source passes over them. */
  private tryAgain(): void {
    this.again = null;
    const missing = this.missing.splice(0);
    for (const source of ["areas", "registers"]) {
      const tiles = missing.filter((one) => one.source === source).map(({ at: { z, x, y } }) => ({ z, x, y }));
      if (tiles.length) this.map.refreshTiles(source, tiles);
    }
    refreshMap(true);
  }

  private tellPlace(): void {
    const view = this.map.getBounds();
    const round = (edge: number): number => Number(edge.toFixed(6));
    const bounds: Box = [
      Math.max(-180, round(view.getWest())), Math.max(-90, round(view.getSouth())),
      Math.min(180, round(view.getEast())), Math.min(90, round(view.getNorth())),
    ];
    const zoom = this.map.getZoom();
    const { lng, lat } = this.map.getCenter();
    // Where marks are larger, fewer have room.
    box.value = { bounds, zoom: Math.max(0, zoom - Math.log2(scaleNow())) };
    const at = { zoom: Number(zoom.toFixed(2)), lon: Number(lng.toFixed(5)), lat: Number(lat.toFixed(5)) };
    this.looked = JSON.stringify(at);
    place.value = at;
  }

  /** The map follows the page: its cases, the chosen one, colours, words, area and address. */
  private follow(): void {
    this.ends.push(
      effect(() => this.drawCases(spots.value, clusters.value, now.value)),
      effect(() => this.drawChosen(chosenRow.value, now.value)),
      effect(() => this.repaint(dark.value, language.value)),
      effect(() => this.goTo(place.value)),
    );
    let area = filters.peek().community || filters.peek().district;
    this.ends.push(
      effect(() => {
        const wanted = filters.value.community || filters.value.district;
        if (wanted === area) return;
        area = wanted;
        untracked(() => {
          const found = names.value?.areas.get(wanted || (claims.value?.scope ?? ""));
          if (found) this.fit(found.bbox);
        });
      }),
    );
  }

  private goTo(at: typeof place.value): void {
    if (!at || JSON.stringify(at) === this.looked) return;
    this.map.jumpTo({ center: [at.lon, at.lat], zoom: at.zoom });
  }

  private drawCases(rows: Row[], groups: Cluster[], time: number): void {
    const fresh = Date.now() - FRESH_MS;
    const features = [
      ...groups.map((group) => feature(group.location, {
        count: group.count, label: figure(group.count), late: group.late, bbox: group.bbox.join(","),
      })),
      ...rows.map((row) => feature(row.location, {
        ...coloured(row, time), number: row.number, fresh: (row.heard ?? 0) > fresh,
      })),
    ];
    this.source("cases").setData({ type: "FeatureCollection", features });
  }

  private drawChosen(row: Row | null, time: number): void {
    const features = row ? [feature(row.location, coloured(row, time))] : [];
    this.source("chosen").setData({ type: "FeatureCollection", features });
  }

  private source(name: string): GeoJSONSource {
    return this.map.getSource(name) as GeoJSONSource;
  }

  private repaint(isDark: boolean, spoken: "zh" | "en"): void {
    if (!this.map.getLayer("ground")) return;
    for (const layer of layers(isDark, spoken, scaleNow())) {
      for (const [name, value] of Object.entries(layer.paint ?? {})) {
        this.map.setPaintProperty(layer.id, name as never, value as never);
      }
      if (layer.type !== "symbol") continue;
      this.map.setLayoutProperty(layer.id, "text-field", layer.layout?.["text-field"]);
      this.map.setLayoutProperty(layer.id, "text-size", layer.layout?.["text-size"]);
    }
    const canvas = this.map.getCanvas();
    canvas.setAttribute("aria-label", t("map"));
    canvas.setAttribute("role", "application");
    const frame = this.map.getContainer();
    for (const [part, text] of [["in", t("zoomIn")], ["out", t("zoomOut")]] as const) {
      const button = frame.querySelector(`.maplibregl-ctrl-zoom-${part}`);
      button?.setAttribute("aria-label", text);
      button?.setAttribute("title", text);
    }
  }

  private click(event: MapMouseEvent): void {
    this.popup?.remove();
    const [hit] = this.map.queryRenderedFeatures(event.point, { layers: ["cases", "clusters", "parts", "buildings"] });
    if (!hit) return;
    const said = hit.properties;
    if (hit.layer.id === "cases") chosen.value = String(said["number"]);
    else if (hit.layer.id === "clusters") this.fit(String(said["bbox"]).split(",").map(Number) as Box);
    else this.tell(event, hit.layer.id === "parts" ? partText(said) : `${t("building")} ${said["code"]} · ${t("floors", { n: said["floors"] as number })}`);
  }

  private tell(event: MapMouseEvent, text: string): void {
    // setText, never HTML: what a register holds is only ever words here.
    this.popup = new Popup({ closeButton: false, maxWidth: "20rem" }).setLngLat(event.lngLat).setText(text).addTo(this.map);
  }
}

function partText(said: Record<string, unknown>): string {
  const code = String(said["part_class"]);
  return [t("part"), inLanguage(names.value?.categories.get(code)?.name, code), String(said["code"])].join(" · ");
}

const coloured = (row: Row, time: number): Record<string, unknown> => ({ phase: phaseOf(row.state), late: isLate(row, time) });

function feature(at: { lon: number; lat: number }, properties: Record<string, unknown>): Feature {
  return { type: "Feature", geometry: { type: "Point", coordinates: [at.lon, at.lat] }, properties };
}
