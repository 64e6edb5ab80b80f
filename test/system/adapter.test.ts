import { adapterContract } from "../contract/adapterContract.ts"
import { crew, threads } from "./threads.ts"

adapterContract("adapters, over threads", {
  layer: threads({ spawn: crew("adapters").spawn, threads: 2 }),
  live: true
})
