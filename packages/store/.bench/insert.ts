import { DatabaseSync } from "node:sqlite"
import { rmSync } from "node:fs"
const N=20000, G=Number(process.argv[2]??20)
const body = JSON.stringify({_tag:"TurnDelta", turnId: "r1t1", chunks:[{_tag:"TextDelta", index:0, text:"some words of text 1234"},{_tag:"TextDelta", index:0, text:"more words "}]})
for (const layout of ["rowid","without","key"]) for (const mode of ["row","multi","json"]) {
  rmSync("t.db",{force:true});rmSync("t.db-wal",{force:true});rmSync("t.db-shm",{force:true})
  const db = new DatabaseSync("t.db"); db.exec("pragma journal_mode=wal; pragma synchronous=normal; pragma temp_store=memory")
  db.exec(`create table events(session integer not null, seq integer not null, at integer not null, body text not null, delta_of text, ${layout==="rowid"?"unique":"primary key"}(session, seq)) strict ${layout==="without"?", without rowid":""}`.replace(/^.*$/s, s=> layout==="key"? "create table events(key integer primary key, session integer not null, seq integer not null, at integer not null, body text not null, delta_of text) strict" : s))
  db.exec("create index d on events(session, delta_of) where delta_of is not null")
  const cols = layout==="key" ? "(key,session,seq,at,body,delta_of)" : "(session,seq,at,body,delta_of)"
  const q = layout==="key" ? "(?,?,?,?,?,?)" : "(?,?,?,?,?)"
  const one = db.prepare(`insert into events${cols} values ${q}`)
  const many = db.prepare(`insert into events${cols} values ${Array(G).fill(q).join()}`)
  const js = layout==="key" ? undefined : db.prepare(`insert into events${cols} select value->>0, value->>1, value->>2, value->>3, value->>4 from json_each(?)`)
  if (mode==="json" && !js) continue
  const begin=db.prepare("begin immediate"), commit=db.prepare("commit")
  const t=performance.now()
  for (let i=0;i<N;i+=G){ begin.run()
    if (mode==="row") for(let k=0;k<G;k++) layout==="key"? one.run(2**32+i+k,1,i+k,1,body,"r1t1"): one.run(1,i+k,1,body,"r1t1")
    else { const p:any[]=[]; for(let k=0;k<G;k++) layout==="key"?p.push(2**32+i+k,1,i+k,1,body,"r1t1"):p.push(1,i+k,1,body,"r1t1"); if(mode==="multi") many.run(...p); else { const rows=[]; for(let k=0;k<G;k++) rows.push([1,i+k,1,body,"r1t1"]); js!.run(JSON.stringify(rows)) } }
    commit.run() }
  const t2=performance.now()
  const rows=db.prepare("select seq,at,body from events where session=1 and seq>0 order by seq"); rows.all(); const t3=performance.now(); rows.all(); const t4=performance.now()
  db.prepare("delete from events where session=1 and delta_of='r1t1'").run(); const t5=performance.now()
  console.log(G, layout, mode, ((t2-t)*1000/N).toFixed(2)+" us/row insert", ((t4-t3)*1000/N).toFixed(2)+" read", ((t5-t4)*1000/N).toFixed(2)+" delete")
  db.close()
}
