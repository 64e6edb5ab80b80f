/** Who waits until nothing is under way. */
import * as Effect from "effect/Effect"

/** See the module. */
export class Rest {
  /** Completes once it is so. */
  readonly until: Effect.Effect<void>
  private readonly listeners = new Set<() => void>()

  constructor(isSo: () => boolean) {
    this.until = Effect.callback<void>((resume) => {
      if (isSo()) return resume(Effect.void)
      const listener = () => {
        this.listeners.delete(listener)
        resume(Effect.void)
      }
      this.listeners.add(listener)
      return Effect.sync(() => this.listeners.delete(listener))
    })
  }

  /** It is so now. */
  tell(): void {
    for (const listener of Array.from(this.listeners)) listener()
  }
}
