import { defineConfig } from "vite";

// Everything is one script and one style sheet beside the page: few requests, and names that change with the content.
export default defineConfig({
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  build: { outDir: "dist", target: "es2021", modulePreload: false, reportCompressedSize: false, assetsInlineLimit: 0 },
  server: { proxy: { "/api": "http://127.0.0.1:8015" } },
});
