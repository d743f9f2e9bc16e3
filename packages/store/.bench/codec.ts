import * as Schema from "effect/Schema"
import * as Jit from "effect/schema/SchemaJITCompiler"
import { SessionEvent } from "@parley/domain/SessionEvent"
const delta = (i:number) => SessionEvent.make({_tag:"TurnDelta", turnId: "r1t1" as any, chunks:[{_tag:"TextDelta", index:0, text:"some words of text "+i},{_tag:"TextDelta", index:0, text:"more words "+i}]})
const events = Array.from({length:5000},(_, i)=>delta(i))
const json = events.map(e=>JSON.stringify(e))
const time = (name:string, f:()=>void) => { for (let i=0;i<5;i++) f(); const a:number[]=[]; for (let i=0;i<9;i++){const t=performance.now(); f(); a.push(performance.now()-t)}; a.sort((x,y)=>x-y); console.log(name, (a[4]!*1000/5000).toFixed(2),"us/event") }
const codec = Schema.fromJsonString(SessionEvent)
const run = (label:string) => {
  const dec = Schema.decodeUnknownResult(codec), enc = Schema.encodeResult(codec)
  const dec2 = Schema.decodeUnknownSync(codec), enc2=Schema.encodeSync(codec)
  const is = Schema.is(SessionEvent)
  time(label+" decodeResult", ()=>{for(const j of json) dec(j)})
  time(label+" decodeSync", ()=>{for(const j of json) dec2(j)})
  time(label+" encodeResult", ()=>{for(const e of events) enc(e)})
  time(label+" encodeSync", ()=>{for(const e of events) enc2(e)})
  time(label+" is", ()=>{for(const e of events) is(e)})
}
time("JSON.parse", ()=>{for(const j of json) JSON.parse(j)})
time("JSON.stringify", ()=>{for(const j of events) JSON.stringify(j)})
if (process.argv[2] === "jit") { Jit.enable(codec.ast); Jit.enable(Schema.flip(codec).ast); run("jit") } else run("interp")
