import { beforeEach, expect, it, vi } from "vitest";
import { row } from "./rows";

vi.stubGlobal("location", { hash: "" });
const { chosen, chosenRow, list, sheetRow, spots } = await import("../console/store");
const { layers } = await import("../console/map/style");

const at = (lon: number) => ({ location: { lon, lat: 26.4 } });

beforeEach(() => {
  chosen.value = "YZ202611250001";
  sheetRow.value = null;
  list.value = spots.value = [];
});

it("is marked where its sheet says when the map has it in a cluster and the list does not hold it", () => {
  spots.value = list.value = [row({ id: "b", number: "YZ202611250002", ...at(111.1) })];
  expect(chosenRow.value).toBeNull();
  sheetRow.value = row(at(111.7));
  expect(chosenRow.value?.location.lon).toBe(111.7);
});

it("is marked before its sheet was read, from the map's answer or from the list", () => {
  spots.value = [row(at(111.2))];
  expect(chosenRow.value?.location.lon).toBe(111.2);
  spots.value = [];
  list.value = [row(at(111.3))];
  expect(chosenRow.value?.location.lon).toBe(111.3);
});

it("is marked where it is now, whoever heard first that it moved", () => {
  sheetRow.value = row({ seq: 3, ...at(111.3) });
  spots.value = [row({ seq: 4, ...at(111.4) })];
  list.value = [row({ seq: 2, ...at(111.2) })];
  expect(chosenRow.value?.location.lon).toBe(111.4);
  sheetRow.value = row({ seq: 5, ...at(111.5) });
  expect(chosenRow.value?.location.lon).toBe(111.5);
});

it("is found by its id too, and is marked no more when another or none is chosen", () => {
  sheetRow.value = row(at(111.7));
  chosen.value = "a";
  expect(chosenRow.value?.location.lon).toBe(111.7);
  chosen.value = "YZ202611250002";
  expect(chosenRow.value).toBeNull();
  chosen.value = null;
  expect(chosenRow.value).toBeNull();
});

it("has a ring above everything, with an edge that parts it from a cluster by day and by night", () => {
  for (const dark of [false, true]) {
    const drawn = layers(dark, "zh", 1);
    const [dot, , edge, ring] = drawn.slice(-4);
    expect(dot?.id).toBe("chosen-case"); // it stands in its ring where a cluster has it
    expect([edge?.id, ring?.id]).toEqual(["chosen-edge", "chosen"]);
    const [below, above, cluster] = [edge, ring, drawn.find((one) => one.id === "clusters")].map((one) => one?.paint as Record<string, number>);
    expect(contrast(below?.["circle-stroke-color"], above?.["circle-stroke-color"])).toBeGreaterThan(3);
    expect(contrast(below?.["circle-stroke-color"], cluster?.["circle-color"])).toBeGreaterThan(3);
    expect(below?.["circle-radius"]).toBeLessThan(above?.["circle-radius"] ?? 0);
    expect(reach(below)).toBeGreaterThan(reach(above));
  }
});

const reach = (paint: Record<string, number> = {}): number => (paint["circle-radius"] ?? 0) + (paint["circle-stroke-width"] ?? 0);

/** How far two colours are apart, as WCAG 2 reckons it. */
function contrast(one: unknown, other: unknown): number {
  const light = [one, other].map((colour) => {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((from) => parseInt(String(colour).slice(from, from + 2), 16) / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }).sort((a, b) => b - a);
  return ((light[0] ?? 0) + 0.05) / ((light[1] ?? 0) + 0.05);
}
