import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';

const entries = ['page', 'form', 'receipt', 'card', 'signin', 'map', 'ops', 'desk', 'setup', 'admin', 'style'];

// The shaping of Arabic and Hebrew labels is fetched by the map's worker by
// address, so it lies beside the bundles under a plain name.
function rtl() {
  return {
    name: 'rtl-text',
    apply: 'build',
    closeBundle() {
      mkdirSync('dist/app/rtl', { recursive: true });
      copyFileSync('node_modules/@mapbox/mapbox-gl-rtl-text/dist/mapbox-gl-rtl-text.js', 'dist/app/rtl/rtl-text-0.4.0.mjs');
    },
  };
}

// Packed copies lie beside the files, so that the server never has to pack.
function packed() {
  return {
    name: 'packed',
    apply: 'build',
    closeBundle: {
      order: 'post',
      handler() { pack('dist/app'); },
    },
  };
}

function pack(folder) {
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (name === '.vite') continue;
    if (statSync(path).isDirectory()) { pack(path); continue; }
    if (!/\.(m?js|css|svg|json|txt|webmanifest)$/.test(name) || statSync(path).size < 512) continue;
    const bytes = readFileSync(path);
    writeFileSync(path + '.gz', gzipSync(bytes, { level: 9 }));
    writeFileSync(path + '.br', brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
  }
}

export default defineConfig({
  base: '/assets/',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  css: { transformer: 'lightningcss' },
  build: {
    outDir: 'dist/app',
    emptyOutDir: true,
    assetsDir: '',
    manifest: true,
    target: ['chrome90', 'firefox90', 'safari15'],
    cssTarget: ['chrome90', 'firefox90', 'safari15'],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    rollupOptions: {
      input: Object.fromEntries(entries.map((name) => [name, `src/entry/${name}.ts`])),
      output: { entryFileNames: '[name]-[hash].js', chunkFileNames: '[name]-[hash].js', assetFileNames: '[name]-[hash][extname]' },
    },
  },
  worker: { format: 'es' },
  plugins: [rtl(), packed()],
  test: { include: ['src/**/*.test.{ts,mjs}'] },
});
