/**
 * The places of a group of threads on the machine, checked before one is started.
 */
import { checkNames, type Names } from "../../runtime/Options.ts"
import { messageOf } from "../../runtime/Text.ts"
import type { Placement } from "../Cpu.ts"
import type { HardwareInfo, Spot, Topology } from "./Hardware.ts"

/** Refuses an option: throws what the caller's errors are made of. */
export type Refuse = (option: string, value: unknown, expected: string) => never

const MOST_CORES = 1024

const chosen = (
  choose: (place: number) => ReadonlyArray<number>,
  place: number,
  { cores }: Topology,
  refuse: Refuse
): ReadonlyArray<number> => {
  let answered: unknown
  try {
    answered = choose(place)
  } catch (error) {
    return refuse(
      "cpu.cores",
      choose,
      `a function that answers cores, and for thread ${place} it has thrown: ${messageOf(error)}`
    )
  }
  const isRight = Array.isArray(answered) && answered.length > 0 &&
    answered.every((core) => cores.includes(core) && core < MOST_CORES)
  if (isRight) return [...new Set(answered as ReadonlyArray<number>)].toSorted((a, b) => a - b)
  return refuse(
    "cpu.cores",
    answered,
    `for thread ${place} one or more of the cores that the process may use: ${cores.join(", ")}`
  )
}

const coresOf = (
  wanted: NonNullable<Placement["cores"]>,
  count: number,
  hardware: HardwareInfo,
  refuse: Refuse
): ReadonlyArray<ReadonlyArray<number>> => {
  const why = hardware.whyUnbound()
  if (why !== undefined) return refuse("cpu.cores", wanted, `nothing here: ${why}`)
  const topology = hardware.topology()
  if (typeof topology === "string") return refuse("cpu.cores", wanted, `nothing here: ${topology}`)
  const { cores, nodes } = topology
  const places = Array.from({ length: count }, (_, place) => place)
  if (wanted === "spread") return places.map((place) => [cores[place % cores.length]!])
  if (wanted === "nodes") return places.map((place) => nodes[place % nodes.length]!.cores)
  if (typeof wanted === "function") return places.map((place) => chosen(wanted, place, topology, refuse))
  return refuse("cpu.cores", wanted, "\"spread\", \"nodes\", or a function")
}

const PLACEMENT: Names<Placement> = { cores: true, niceness: true }

/**
 * Where each of so many threads is to run; nothing when nobody has said.
 *
 * **Errors** What `refuse` throws: for what makes no sense, and for what this machine cannot do.
 */
export const spotsOf = (
  placement: Placement | undefined,
  count: number,
  hardware: HardwareInfo,
  refuse: Refuse
): ReadonlyArray<Spot> | undefined => {
  if (placement === undefined) return undefined
  if (typeof placement !== "object" || placement === null) return refuse("cpu", placement, "{ cores, niceness }")
  checkNames(placement, PLACEMENT, refuse, "cpu.")
  const { cores: wanted, niceness } = placement
  if (niceness !== undefined) {
    if (!(Number.isInteger(niceness) && niceness >= -20 && niceness <= 19)) {
      return refuse("cpu.niceness", niceness, "an integer from -20 to 19")
    }
    const topology = hardware.topology()
    if (typeof topology === "string") return refuse("cpu.niceness", niceness, `nothing here: ${topology}`)
  }
  const cores = wanted === undefined ? undefined : coresOf(wanted, count, hardware, refuse)
  return Array.from({ length: count }, (_, place) => ({ cores: cores?.[place], niceness }))
}
