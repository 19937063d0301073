import { describe, expect, it } from "vitest";
import { ANY, fromFragment, isInside, NONE, passes, START, takeToken, toFragment, toQuery, type Address } from "../console/filters";
import { row } from "./rows";

const FULL: Address = {
  filters: { district: "431103", community: "431103001001", state: "handling", department: "431103-urban", category: "E0110", late: "late", q: "YZ2026", view: true },
  chosen: "YZ202611250001",
  place: { zoom: 12.5, lon: 111.6075, lat: 26.4203 },
  where: { page: "calendar", of: "yongzhou", year: "2026" },
};
const NOW = Date.parse("2026-11-25T06:00:00Z");

describe("the address", () => {
  it("says the same after being read and written", () => {
    expect(fromFragment(toFragment(FULL))).toEqual(FULL);
    expect(toFragment(fromFragment(""))).toBe("");
    expect(fromFragment("")).toEqual({ filters: NONE, chosen: null, place: null, where: START });
  });

  it("leaves out what cannot be", () => {
    for (const at of ["", "1/2", "99/0/0", "x/y/z", "5/91/0", "5/0/200", "NaN/NaN/NaN", "5//1"]) {
      expect(fromFragment(`#at=${at}`).place, at).toBeNull();
    }
    expect(fromFragment("#late=perhaps&view=2").filters).toEqual(NONE);
    expect(fromFragment("#state=%00a").filters.state).toBe("a");
    expect(fromFragment("#page=nowhere&of=x&year=2026").where).toEqual(START);
    expect(fromFragment("#page=queues&of=a.b&year=2026").where).toEqual({ page: "queues", of: "a.b", year: "" });
    expect(fromFragment("#page=calendar&year=20x6").where.year).toBe("");
  });

  it("gives the token away once and keeps the rest", () => {
    expect(takeToken("#token=abc.def&district=431103&at=9/26/111")).toEqual({ token: "abc.def", rest: "#district=431103&at=9/26/111" });
    expect(takeToken("#token=abc")).toEqual({ token: "abc", rest: "" });
    expect(toFragment(fromFragment("#token=secret&state=any"))).toBe("#state=any");
  });
});

describe("the filters", () => {
  it("ask the service for what is not over unless a state is named", () => {
    expect(toQuery(NONE)).toMatchObject({ open: "true" });
    expect(toQuery({ ...NONE, state: ANY })).not.toHaveProperty("open");
    expect(toQuery({ ...NONE, state: ANY })).not.toHaveProperty("state");
    expect(toQuery({ ...NONE, state: "closed" })).toMatchObject({ state: "closed" });
    expect(toQuery({ ...NONE, late: "intime" })).toMatchObject({ overdue: "false" });
  });

  it("judge a case as the service does", () => {
    const late = row();
    expect(passes(late, FULL.filters, NOW)).toBe(false);
    expect(passes(row({ state: "handling" }), FULL.filters, NOW)).toBe(true);
    for (const change of [{ department: null }, { category: "E0112" }, { number: "YZ2027" }, { due_at: null }]) {
      expect(passes(row({ state: "handling", ...change }), FULL.filters, NOW), JSON.stringify(change)).toBe(false);
    }
    expect(passes(row({ state: "closed" }), NONE, NOW)).toBe(false);
    expect(passes(row({ state: "closed" }), { ...NONE, state: ANY }, NOW)).toBe(true);
    expect(passes(row({ state: "closed" }), { ...NONE, state: "closed" }, NOW)).toBe(true);
    expect(passes(late, { ...NONE, late: "intime" }, NOW)).toBe(false);
    const elsewhere = row({ areas: { ...late.areas, district: "431102" } });
    expect(passes(elsewhere, { ...NONE, district: "431103" }, NOW)).toBe(false);
  });

  it("count the border of a box as inside", () => {
    expect(isInside(row(), [111.6, 26.4, 111.7, 26.5])).toBe(true);
    expect(isInside(row(), [111.6001, 26.4, 111.7, 26.5])).toBe(false);
  });
});
