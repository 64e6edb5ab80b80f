import { describe, expect, it } from "vitest"
import { read } from "./support/source.ts"

interface Entry {
  readonly version?: string
  readonly resolved?: string
}

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
}

const lock = JSON.parse(read("package-lock.json")) as { readonly packages: Readonly<Record<string, Entry>> }
const manifest = JSON.parse(read("package.json")) as Manifest

describe("the lock file", () => {
  it("names no address, so that every registry serves", () => {
    const addressed = Object.entries(lock.packages).filter(([, entry]) => entry.resolved !== undefined)
    expect(addressed.map(([name]) => name)).toEqual([])
  })

  it("has the exact version of each dependency", () => {
    const wanted = { ...manifest.dependencies, ...manifest.devDependencies }
    for (const [name, asked] of Object.entries(wanted)) {
      // Another version of a package has a name of its own: `npm:piscina@6.0.0`.
      const version = asked.replace(/^npm:.+@/, "")
      expect([name, lock.packages[`node_modules/${name}`]?.version]).toEqual([name, version])
    }
  })

  it("is kept without addresses by npm itself", () => {
    expect(read(".npmrc")).toMatch(/^omit-lockfile-registry-resolved=true$/m)
  })
})
