import { defineConfig } from "vitest/config";

export default defineConfig({
  root: "console",
  base: "/",
  build: {
    outDir: "../../build/web",
    emptyOutDir: true,
    assetsDir: "assets",
    // Nothing inline: the page's policy allows its own files only.
    assetsInlineLimit: 0,
    target: "es2023",
    chunkSizeWarningLimit: 1500,
  },
  test: { root: ".", include: ["tests/**/*.test.ts"], environment: "node" },
});
