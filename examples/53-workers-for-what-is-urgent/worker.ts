/** A worker: to archive a page takes long. */
import * as Effect from "effect/Effect"
import { PoolThread } from "shared-nothing"
import { Pages } from "./protocol.ts"

PoolThread.launch(Pages.toLayer(Effect.succeed(Pages.of({
  Preview: ({ page }) => Effect.succeed(`page ${page} is shown`),
  Archive: ({ page }) => Effect.as(Effect.sleep("700 millis"), `page ${page} is archived`)
}))))
