import type { Row } from "../console/cases";

export const AREAS = { city: "431100", district: "431103", community: "431103001001" };

/** A case of a test; what is given replaces its fields. */
export const row = (more: Partial<Row> = {}): Row => ({
  id: "a", number: "YZ202611250001", category: "E0110", state: "dispatched", seq: 1, areas: AREAS,
  location: { lon: 111.6, lat: 26.4 }, opened_at: "2026-11-25T01:00:00.000000Z", closed_at: null,
  due_at: "2026-11-25T05:00:00.000000Z", department: "431103-urban", ...more,
});
