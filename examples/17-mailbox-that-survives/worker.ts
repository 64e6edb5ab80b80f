/** The thread of the orders. The order for a bomb ends it, the first time that it is opened. */
import * as Effect from "effect/Effect"
import { Actor, ActorThread } from "shared-nothing"
import { Orders } from "./protocol.ts"

const OrdersLive = Orders.toLayer(
  () => {
    const placed: Array<string> = []
    return Orders.of({
      Place: ({ item }) =>
        Effect.map(Actor.attempt, (attempt) => {
          if (item === "bomb" && attempt === 1) process.exit(1)
          placed.push(attempt === 1 ? item : `${item}, begun ${attempt} times`)
        }),
      Placed: () => Effect.sync(() => placed.slice())
    })
  },
  { mailbox: { survives: true } }
)

ActorThread.launch(OrdersLive)
