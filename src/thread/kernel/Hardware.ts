/**
 * What the machine can do with its threads, as Linux tells it; a simulation has none.
 */
import * as Context from "effect/Context"
import { readdirSync, readFileSync } from "node:fs"
import { setPriority } from "node:os"
import { messageOf } from "../../runtime/Text.ts"

/** The cores of a node of memory. */
export interface MemoryNode {
  readonly id: number
  readonly cores: ReadonlyArray<number>
}

/** The cores of a machine that a process may use. */
export interface Topology {
  /** Their numbers, ascending. */
  readonly cores: ReadonlyArray<number>
  /** The same by the node of memory they belong to; one node where the machine says nothing. */
  readonly nodes: ReadonlyArray<MemoryNode>
}

/** Where one thread is to run. */
export interface Spot {
  readonly cores: ReadonlyArray<number> | undefined
  readonly niceness: number | undefined
}

/** What a placement is checked against. */
export interface HardwareInfo {
  /** The cores, or why nobody can tell. */
  readonly topology: () => Topology | string
  /** Why a thread cannot be bound to cores; nothing when it can. */
  readonly whyUnbound: () => string | undefined
}

const LINUX = "this needs Linux"

/** The numbers of a list as Linux writes them: `0-2,5`. */
export const parseCores = (list: string): ReadonlyArray<number> =>
  list.trim().split(",").filter((part) => part !== "").flatMap((part) => {
    const [first, last = first] = part.split("-").map(Number)
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i)
  })

const statusOf = (which: string): ReadonlyArray<number> => {
  const line = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(`/proc/${which}/status`, "utf8"))
  return parseCores(line?.[1] ?? "")
}

const NODES = "/sys/devices/system/node"

const nodesOf = (allowed: ReadonlyArray<number>): ReadonlyArray<MemoryNode> => {
  try {
    const nodes = readdirSync(NODES)
      .filter((name) => /^node\d+$/.test(name))
      .map((name): MemoryNode => ({
        id: Number(name.slice(4)),
        cores: parseCores(readFileSync(`${NODES}/${name}/cpulist`, "utf8")).filter((core) => allowed.includes(core))
      }))
      .filter(({ cores }) => cores.length > 0)
      .toSorted((a, b) => a.id - b.id)
    if (nodes.length > 0) return nodes
  } catch {
    // A container may hide them.
  }
  return [{ id: 0, cores: allowed }]
}

const topology = (): Topology | string => {
  if (process.platform !== "linux") return `${LINUX}, and this is ${process.platform}`
  try {
    // Of the process: a thread may have been bound already.
    const cores = statusOf("self")
    return { cores, nodes: nodesOf(cores) }
  } catch (error) {
    return `/proc does not tell the cores of this process: ${messageOf(error)}`
  }
}

interface Foreign {
  readonly dlopen: (
    path: null,
    functions: object
  ) => { readonly functions: Record<string, (...args: Array<unknown>) => unknown> }
  readonly getRawPointer: (of: Uint8Array) => unknown
}

const isForeign = (u: unknown): u is Foreign =>
  typeof u === "object" && u !== null && "dlopen" in u && "getRawPointer" in u

const foreign = (): Foreign | undefined => {
  const found: unknown = process.getBuiltinModule("node:ffi")
  return isForeign(found) ? found : undefined
}

const whyUnbound = (): string | undefined => {
  if (process.platform !== "linux") return `${LINUX}, and this is ${process.platform}`
  return foreign() === undefined
    ? `this needs a Node with node:ffi (26 and later), and this is ${process.version}`
    : undefined
}

/** The machine that this process runs on. */
export const Hardware: Context.Reference<HardwareInfo> = Context.Reference<HardwareInfo>(
  "shared-nothing/thread/Hardware",
  {
    defaultValue: () => ({ topology, whyUnbound })
  }
)

// As many as Linux looks at unless it was built for more.
const MASK_BYTES = 128

const bind = (cores: ReadonlyArray<number>): void => {
  const mask = new Uint8Array(MASK_BYTES)
  for (const core of cores) mask[core >> 3]! |= 1 << (core & 7)
  const ffi = foreign()
  if (ffi === undefined) throw new Error(whyUnbound())
  const { functions: { sched_setaffinity } } = ffi.dlopen(null, {
    sched_setaffinity: { arguments: ["i32", "u64", "pointer"], return: "i32" }
  })
  const code = sched_setaffinity!(0, BigInt(MASK_BYTES), ffi.getRawPointer(mask))
  const has = statusOf("thread-self")
  if (has.join() !== cores.join()) {
    throw new Error(`sched_setaffinity has answered ${String(code)}: the thread may run on ${has.join(", ")}`)
  }
}

/**
 * Puts this thread where it is to run.
 *
 * **Errors** Throws an `Error` that says what was not done and why.
 */
export const settle = ({ cores, niceness }: Spot): void => {
  if (niceness !== undefined) {
    try {
      // Of process 0, which for Linux is the thread that calls.
      setPriority(0, niceness)
    } catch (error) {
      throw new Error(`the niceness of the thread cannot be ${niceness}: ${messageOf(error)}`, { cause: error })
    }
  }
  if (cores === undefined) return
  try {
    bind(cores)
  } catch (error) {
    throw new Error(`the thread cannot be bound to the cores ${cores.join(", ")}: ${messageOf(error)}`, {
      cause: error
    })
  }
}
