/**
 * A read-only picture of a supervision tree: names, what each node is and does, how often it was restarted.
 *
 * Plain data and one pure function. A picture is a snapshot: nothing in it changes after it was taken, and holding it keeps
 * nothing alive. The same tree always renders to the same text.
 */

/** What a node is. */
export type NodeKind = "supervisor" | "actor" | "thread" | "effect" | "layer"

/**
 * What a node is doing.
 *
 * **Details**
 *
 * - `starting`: its first start has not completed
 * - `running`: up
 * - `restarting`: ended, waiting out its backoff or starting again
 * - `stopping`: releasing what it held
 * - `stopped`: down; its spec is kept
 * - `unknown`: up, as far as its supervisor knows, but it did not say what is below it
 * - `abandoned`: told to stop, did not, and was given up on; it may still be running
 */
export type NodeStatus = "starting" | "running" | "restarting" | "stopping" | "stopped" | "abandoned" | "unknown"

/** One node and what is below it, in start order. */
export interface TreeNode {
  /** The name of a supervisor, the id of a child. */
  readonly name: string
  readonly kind: NodeKind
  readonly status: NodeStatus
  /** Restarts of this node since its supervisor started. */
  readonly restarts: number
  readonly children: ReadonlyArray<TreeNode>
}

/**
 * The tree as text, one line a node.
 *
 * **Example**
 *
 * ```text
 * app (supervisor) running
 * ├─ journal (layer) running
 * └─ partitions (supervisor) running
 *    ├─ p0 (effect) restarting, 2 restarts
 *    └─ p1 (effect) running, 1 restart
 * ```
 */
export const render = (node: TreeNode): string => {
  const lines: Array<string> = [label(node)]
  renderBelow(node, "", lines)
  return lines.join("\n")
}

const renderBelow = (node: TreeNode, indent: string, lines: Array<string>): void => {
  node.children.forEach((child, index) => {
    const last = index === node.children.length - 1
    lines.push(`${indent}${last ? "└─ " : "├─ "}${label(child)}`)
    renderBelow(child, `${indent}${last ? "   " : "│  "}`, lines)
  })
}

const label = (node: TreeNode): string => {
  const restarts = node.restarts === 0 ? "" : `, ${node.restarts} restart${node.restarts === 1 ? "" : "s"}`
  return `${node.name} (${node.kind}) ${node.status}${restarts}`
}
