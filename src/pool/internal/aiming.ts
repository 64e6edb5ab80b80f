/**
 * What the aim of a job and its message say of it together: where it may run, under which key, at which level and for how long.
 */
import { NORMAL } from "../../actor/kernel/Ageing.ts"
import type { Message } from "../../actor/kernel/Protocol.ts"
import type { Placing } from "./placing.ts"
import type { Options } from "./submitterOptions.ts"
import { type Aim, BY_ROUTE, keyOf } from "./target.ts"

type Said = Pick<Options, "defined" | "levels" | "messages" | "runMillis">

/** See the module. */
export class Aiming {
  private readonly options: Said
  private readonly placing: Placing

  constructor(options: Said, placing: Placing) {
    this.options = options
    this.placing = placing
  }

  /** Where it may run, or what its sender is answered, below zero. Runs user code. */
  targetOf(message: Message, payload: unknown, { key, target }: Aim): number {
    if (target === BY_ROUTE) return this.placing.route(message, payload, key)
    return message.index < this.options.defined ? this.placing.checked(target) : this.placing.reaching(target)
  }

  /** The key that it would have, as workers tell keys apart; 0 for none. Runs user code. */
  keyFor(index: number, payload: unknown, aim: Aim): number {
    try {
      const target = this.targetOf(this.options.messages[index]!, payload, aim)
      return target < 0 ? 0 : keyOf(target)
    } catch {
      // It is refused when there is room for it, and told why.
      return 0
    }
  }

  /** Whether it may be given up for something newer: what reads a stream on, or lets it go, belongs to a job that has begun. */
  mayShed(index: number): boolean {
    return index < this.options.defined
  }

  /** At which level it waits. */
  levelOf(index: number, { level }: Aim): number {
    return level >= 0 ? level : this.options.levels?.[index] ?? NORMAL
  }

  /** How long its run may take, 0 for any time. A stream is read on for as long as its elements take. */
  runMillisOf(index: number, { runMillis }: Aim): number {
    if (index >= this.options.defined) return 0
    return runMillis >= 0 ? runMillis : this.options.runMillis
  }
}
