import { defineConfig } from "vitest/config";

export default defineConfig({
  root: "console",
  base: "/",
  build: {
    // Told by scripts/setup.sh, so that a page half built is never served.
    outDir: process.env["WANGGE_WEB_OUT"] ?? "../../build/web",
    emptyOutDir: true,
    assetsDir: "assets",
    // Nothing inline: the page's policy allows its own files only.
    assetsInlineLimit: 0,
    target: "es2023",
    chunkSizeWarningLimit: 1500,
  },
  test: { root: ".", include: ["tests/**/*.test.ts"], environment: "node" },
});
