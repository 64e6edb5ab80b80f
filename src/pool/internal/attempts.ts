/** How often the jobs of a protocol may be begun. */
import * as Context from "effect/Context"
import type { Protocol } from "../../actor/kernel/Protocol.ts"
import { Attempts } from "../Attempts.ts"

/** By the index of the message. */
export const attemptsOf = ({ messages }: Protocol): ReadonlyArray<number> =>
  messages.map(({ annotations }) => Context.get(annotations, Attempts))
