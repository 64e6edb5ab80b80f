import { assert, describe, it } from "@effect/vitest"
import * as Tree from "../../src/supervisor/Tree.ts"

const node = (name: string, rest: Partial<Tree.TreeNode> = {}): Tree.TreeNode => ({
  name,
  kind: "effect",
  status: "running",
  restarts: 0,
  children: [],
  ...rest
})

describe("Tree", () => {
  it("renders a node alone", () => {
    assert.strictEqual(Tree.render(node("a", { status: "stopped" })), "a (effect) stopped")
  })

  it("renders the tree of the module's example", () => {
    const tree = node("app", {
      kind: "supervisor",
      children: [
        node("journal", { kind: "layer" }),
        node("partitions", {
          kind: "supervisor",
          children: [node("p0", { status: "restarting", restarts: 2 }), node("p1", { restarts: 1 })]
        })
      ]
    })
    assert.strictEqual(
      Tree.render(tree),
      [
        "app (supervisor) running",
        "├─ journal (layer) running",
        "└─ partitions (supervisor) running",
        "   ├─ p0 (effect) restarting, 2 restarts",
        "   └─ p1 (effect) running, 1 restart"
      ].join("\n")
    )
  })

  it("draws a line past the children of a node that has siblings after it", () => {
    const tree = node("r", { children: [node("a", { children: [node("b", { children: [node("c")] })] }), node("d")] })
    assert.strictEqual(
      Tree.render(tree),
      [
        "r (effect) running",
        "├─ a (effect) running",
        "│  └─ b (effect) running",
        "│     └─ c (effect) running",
        "└─ d (effect) running"
      ].join("\n")
    )
  })
})
