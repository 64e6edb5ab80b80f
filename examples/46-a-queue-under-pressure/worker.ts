/** A worker: it tells of each page the how manieth it was. */
import * as Effect from "effect/Effect"
import { PoolThread } from "shared-nothing"
import { Pages } from "./protocol.ts"

PoolThread.launch(Pages.toLayer(() => {
  let done = 0
  const page = (verb: string) => ({ page }: { readonly page: number }) =>
    Effect.sync(() => `page ${page} is ${verb}, as number ${++done}`)
  return Pages.of({
    Warm: () => Effect.sleep("1 second"),
    Preview: page("shown"),
    Render: page("rendered"),
    Archive: page("archived")
  })
}))
