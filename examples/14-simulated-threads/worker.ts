import * as Effect from "effect/Effect"
import { ActorThread } from "shared-nothing"
import { Teller } from "./protocol.ts"

const TellerLive = Teller.toLayer(Effect.succeed(Teller.of({
  Accept: ({ ledger, ...transfer }) => Effect.orDie(ledger.ask.Book(transfer))
})))

ActorThread.launch(TellerLive)
