/**
 * Who else is concerned when a child ends: pure functions over the list of children in start order. The loops that carry
 * the answers out ask nothing else.
 *
 * ```
 * children in start order     a   b   c   d      b ends and is to be started again
 *
 * one-for-one                 a  (b)  c   d      goes down: b         comes up: b
 * rest-for-one                a  (b  c  d)       goes down: d, c, b   comes up: b, c, d
 * one-for-all                (a   b  c  d)       goes down: d, c, b, a   comes up: a, b, c, d
 * ```
 *
 * The strategies and the auto-shutdown are those of Erlang/OTP's `supervisor`.
 */

/**
 * What happens to the other children when one ends and is to be started again.
 *
 * **Details**
 *
 * - `"one-for-one"`: nothing
 * - `"rest-for-one"`: those that were started after it go down in reverse, and come up after it in order
 * - `"one-for-all"`: all go down in reverse, and come up in order
 */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one"

/** Every strategy. */
export const strategies: ReadonlyArray<Strategy> = ["one-for-one", "one-for-all", "rest-for-one"]

/**
 * Whether a supervisor ends, normally, when what it is for is done: when one of its significant children has ended by itself
 * and stays down, or when the last of them has.
 */
export type AutoShutdown = "never" | "anySignificant" | "allSignificant"

/** Every auto-shutdown. */
export const autoShutdowns: ReadonlyArray<AutoShutdown> = ["never", "anySignificant", "allSignificant"]

/** Those that go down and come up with a child that has ended, itself among them, in start order. */
export const affected = <A>(strategy: Strategy, children: ReadonlyArray<A>, ended: A): ReadonlyArray<A> => {
  switch (strategy) {
    case "one-for-one":
      return [ended]
    case "rest-for-one":
      return children.slice(Math.max(0, children.indexOf(ended)))
    case "one-for-all":
      return children
  }
}

/** Of several that have ended, the one that concerns the others: the one that was started first. */
export const foremost = <A>(children: ReadonlyArray<A>, ended: ReadonlyArray<A>): A | undefined =>
  children.find((child) => ended.includes(child))

/** Whether the supervisor ends now that a significant child stays down, while `left` others are not down. */
export const endsWith = (autoShutdown: AutoShutdown, left: number): boolean =>
  autoShutdown === "anySignificant" || (autoShutdown === "allSignificant" && left === 0)
