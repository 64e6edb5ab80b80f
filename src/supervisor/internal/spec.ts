/** Checks of specs and of the options of supervisors: what makes no sense is refused when it is written down. */
import { checkNames, type Names } from "../../runtime/Options.ts"
import { textOf } from "../../runtime/Text.ts"
import * as Backoff from "../Backoff.ts"
import {
  type Any,
  type Body,
  type ChildOptions,
  type ChildSpec,
  defaultShutdownMillis,
  type DynamicOptions,
  type Shutdown,
  stopOrders,
  type SupervisorOptions,
  type SupervisorPolicy
} from "../ChildSpec.ts"
import * as Intensity from "../Intensity.ts"
import { shutdownMillis, shutdowns } from "../kernel/Millis.ts"
import * as Restart from "../Restart.ts"
import * as Strategy from "../Strategy.ts"
import type * as Tree from "../Tree.ts"
import { invalid, refusing } from "./check.ts"

const SUPERVISOR: Names<SupervisorOptions<Any> & DynamicOptions> = {
  strategy: true,
  children: true,
  intensity: true,
  backoff: true,
  decide: true,
  autoShutdown: true,
  stopOrder: true,
  maxChildren: true
}

// What only some kinds of children have stands here, too: where an actor is placed, how others start.
const CHILD: Names<ChildOptions & { readonly start: unknown; readonly kind: unknown; readonly placement: unknown }> = {
  restart: true,
  shutdown: true,
  decide: true,
  backoff: true,
  intensity: true,
  significant: true,
  placement: true,
  start: true,
  kind: true
}

/**
 * Checks the options of a supervisor.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision` for an unknown strategy, stop order or auto-shutdown, a wrong intensity, backoff, decider or
 * number of children, an id used twice, or a significant child where nothing shuts down by itself.
 */
export const check = (
  name: string,
  options: SupervisorOptions<Any> & DynamicOptions,
  isDynamic = false
): SupervisorPolicy => {
  const where = `supervisor "${textOf(name)}"`
  if (typeof name !== "string" || name === "") throw invalid("supervisor", "name", name, "a non-empty string")
  checkNames(options, SUPERVISOR, refusing(where))
  const { autoShutdown = "never", maxChildren = "unbounded", stopOrder = "reverse", strategy } = options
  oneOf(where, "strategy", strategy, Strategy.strategies)
  oneOf(where, "stopOrder", stopOrder, stopOrders)
  oneOf(where, "autoShutdown", autoShutdown, Strategy.autoShutdowns)
  if (maxChildren !== "unbounded" && !(Number.isSafeInteger(maxChildren) && maxChildren >= 0)) {
    throw invalid(where, "maxChildren", maxChildren, `an integer of at least 0, or "unbounded"`)
  }
  const policy = {
    intensity: Intensity.make(options.intensity, where),
    backoff: options.backoff === undefined ? undefined : Backoff.policy(options.backoff, where),
    decide: Restart.decider(where, options.decide, Restart.defaultDecider),
    stopOrder,
    strategy,
    autoShutdown,
    isDynamic,
    maxChildren: maxChildren === "unbounded" ? Infinity : maxChildren
  }
  const ids = new Set<string>()
  for (const child of options.children ?? []) {
    checkChild(where, policy, child)
    if (ids.has(child.id)) throw invalid(where, "children", child.id, "an id no other child has")
    ids.add(child.id)
  }
  return policy
}

/**
 * Checks that a child can be one of a supervisor with this policy.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision`.
 */
export const checkChild = (
  where: string,
  { autoShutdown }: Pick<SupervisorPolicy, "autoShutdown">,
  child: Any
): void => {
  if (!isSpec(child)) throw invalid(where, "children", child, "specs made by the functions of Child")
  if (child.significant && autoShutdown === "never") {
    throw invalid(
      where,
      "autoShutdown",
      autoShutdown,
      `"anySignificant" or "allSignificant": child "${child.id}" is significant`
    )
  }
}

const oneOf = <A extends string>(where: string, option: string, value: A, allowed: ReadonlyArray<A>): void => {
  if (!allowed.includes(value)) {
    throw invalid(where, option, value, allowed.map((one) => `"${one}"`).join(" or "))
  }
}

/**
 * A checked spec.
 *
 * **Errors**
 *
 * Throws `InvalidSupervision`.
 */
export const spec = <R, A>(
  id: string,
  kind: Tree.NodeKind,
  options: ChildOptions<never>,
  body: Body<R, A>
): ChildSpec<R, A> => {
  if (typeof id !== "string" || id === "") throw invalid("child", "id", id, "a non-empty string")
  const where = `child "${id}"`
  checkNames(options, CHILD, refusing(where))
  const { backoff, decide, intensity, restart = "permanent", shutdown, significant = false } = options
  oneOf(where, "restart", restart, Restart.restartTypes)
  if (typeof significant !== "boolean") throw invalid(where, "significant", significant, "true or false")
  if (significant && restart === "permanent") {
    throw invalid(
      where,
      "significant",
      significant,
      `restart "transient" or "temporary": a permanent child never stays down`
    )
  }
  if (intensity !== undefined && restart === "temporary") {
    throw invalid(
      where,
      "intensity",
      intensity,
      `restart "permanent" or "transient": a temporary child is never restarted`
    )
  }
  return {
    id,
    kind,
    restart,
    shutdownMillis: shutdown === undefined ? defaultShutdownMillis : millisOf(where, shutdown),
    decide: decide === undefined ? undefined : Restart.decider(where, decide, Restart.defaultDecider),
    backoff: backoff === undefined ? undefined : Backoff.policy(backoff, where),
    intensity: intensity === undefined ? undefined : Intensity.make({ ...intensity, per: "child" }, where),
    significant,
    body
  }
}

const isSpec = (u: unknown): u is Any =>
  typeof u === "object" && u !== null && Object.hasOwn(u, "id") && Object.hasOwn(u, "body")

const millisOf = (where: string, shutdown: Shutdown): number => {
  const millis = shutdownMillis(shutdown)
  if (Number.isNaN(millis)) throw invalid(where, "shutdown", shutdown, shutdowns)
  return millis
}

/** The options of a dynamic supervisor as those of any: one for one, and all at once in the end. */
export const wholeDynamic = (options: DynamicOptions): SupervisorOptions<never> & DynamicOptions => ({
  stopOrder: "together",
  ...options,
  strategy: "one-for-one"
})

/** Which of so many partitions serves a key: whole numbers go round, everything else is hashed as text (FNV-1a). */
export const partitionOf = (key: string | number, partitions: number): number => {
  if (typeof key === "number" && Number.isSafeInteger(key)) return Math.abs(key) % partitions
  const text = String(key)
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % partitions
}
