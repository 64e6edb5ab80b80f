/**
 * Log lines say where they come from: `thread` and `actor` stand among the annotations of the fibers that run a behaviour.
 *
 * They are in the context that a fiber is started with, so a message costs nothing for them, and an actor only when one of its handlers first needs a
 * fiber. What a program annotates itself stands beside them, and a fiber that a handler forks has them too.
 */
import * as Context from "effect/Context"
import { CurrentLogAnnotations } from "effect/References"
import { RunningCell } from "../kernel/RunningCell.ts"

const KEY = CurrentLogAnnotations.key

/** Services for what runs on a thread: flat, since those of each actor there are put on top of them. */
export const onThread = (context: Context.Context<never>, thread: string): Context.Context<never> => {
  const annotations = { ...Context.get(context, CurrentLogAnnotations), thread }
  return Context.makeUnsafe(new Map(context.mapUnsafe).set(KEY, annotations))
}

/** An actor, as far as its log lines are concerned. */
export interface Named {
  readonly name: string
  readonly behaviour: { readonly context: Context.Context<never> }
}

/** Services for what an actor runs. */
export const ofActor = ({ behaviour: { context }, name: actor }: Named): Context.Context<never> =>
  Context.add(context, CurrentLogAnnotations, { ...Context.get(context, CurrentLogAnnotations), actor })

/** Services for its handlers, which say whose fiber it is. */
export const ofHandlers = (cell: Named): Context.Context<never> => Context.add(ofActor(cell), RunningCell, cell)
