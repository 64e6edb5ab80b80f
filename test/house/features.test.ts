import { existsSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { root } from "../../scripts/process.ts"
import { featureIds, parseFeatures } from "./support/features.ts"
import { read } from "./support/source.ts"

const document = "docs/reference/features.md"
const features = existsSync(join(root, document)) ? parseFeatures(document, read(document)) : []
const done = features.filter(({ status }) => status === "done")

describe("parseFeatures", () => {
  it("reads id, status and the files that a row names", () => {
    const text = [
      "| id | feature | status | tests | docs |",
      "| --- | --- | --- | --- | --- |",
      "| A1 | tell | done | `test/actor/Actor.test.ts` | [semantics](semantics.md#order), [guide](../guide/01.md) |",
      "| A2 | ask | not yet | | |"
    ].join("\n")
    expect(parseFeatures(document, text)).toEqual([
      {
        id: "A1",
        status: "done",
        paths: ["docs/reference/semantics.md", "docs/guide/01.md", "test/actor/Actor.test.ts"]
      },
      { id: "A2", status: "not yet", paths: [] }
    ])
  })
})

describe(document, () => {
  it("has one row for each feature of the product, in order", () => {
    expect(featureIds.length).toBe(53)
    expect(features.map(({ id }) => id)).toEqual(featureIds)
  })

  it("says done or not yet", () => {
    expect(features.filter(({ status }) => status !== "done" && status !== "not yet")).toEqual([])
  })

  it("names a test and a page for everything that is done", () => {
    const bare = done.filter(({ paths }) =>
      !paths.some((path) => /^test\/.+\.ts$/.test(path)) || !paths.some((path) => /^(docs\/.+|README)\.md$/.test(path))
    )
    expect(bare.map(({ id }) => id)).toEqual([])
  })

  it("names only files that exist", () => {
    const missing = features.flatMap(({ id, paths }) =>
      paths.filter((path) => !existsSync(join(root, path))).map((path) => `${id} ${path}`)
    )
    expect(missing).toEqual([])
  })
})
