import * as Layer from "effect/Layer"
import { ActorSystem } from "shared-nothing"
import { controlContract } from "../contract/controlContract.ts"
import { Live } from "../fixtures/actors.ts"

controlContract("commands to actors on one thread", {
  layer: Live.pipe(Layer.provideMerge(ActorSystem.layer)),
  live: false
})
