import { expect, it } from "vitest";
import { path, readClaims } from "../shared/api";

const token = (claims: unknown): string => {
  const bytes = new TextEncoder().encode(JSON.stringify(claims));
  const text = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  return `h.${text}.s`;
};

it("reads who a token is for, and nothing from what is no token", () => {
  const claims = { role: "handler", scope: "431103", department: "431103-urban", sub: "张三-1" };
  expect(readClaims(token(claims))).toEqual({ role: "handler", scope: "431103", department: "431103-urban", subject: "张三-1" });
  expect(readClaims(token({ role: "auditor", scope: "431100", sub: "x" }))?.department).toBeNull();
  for (const bad of ["", "a.b.c", "nonsense", token({ role: 7 }), token([]), token(null)]) {
    expect(readClaims(bad), bad).toBeNull();
  }
});

it("leaves empty questions out and escapes the rest", () => {
  expect(path("/cases", { district: "", q: null, after: undefined })).toBe("/cases");
  expect(path("/cases", { q: "a&b=c", limit: 0 })).toBe("/cases?q=a%26b%3Dc&limit=0");
});
