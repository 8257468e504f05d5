import { defineConfig } from "vitest/config"

export default defineConfig({
  resolve: { conditions: ["sendstate-source"] },
  ssr: { resolve: { conditions: ["sendstate-source"] } },
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
})
