/** The style sheet of a report; its hash is in the page's policy, so it is written out as it stands here. */
export const reportStyle: string = `
:root{color-scheme:light;--page:#f7f7f5;--card:#fff;--ink:#1c1e21;--dim:#5a6068;--line:#dcdcd6;--focus:#1a5fb4;
--good:#1a6b3a;--notice:#855800;--bad:#b3261e;--good-bg:#e6f4ea;--notice-bg:#fdf3dc;--bad-bg:#fcebe9;
--sbom:#134f8f;--sbom-bg:#e2eefb;--signature:#5b3a9b;--signature-bg:#eee8fb;--attestation:#0f5e57;--attestation-bg:#ddf3f0;
--vex:#7f4900;--vex-bg:#fbeed9;--other:#4a5058;--other-bg:#ebecee}
@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark;--page:#131518;--card:#1b1e22;--ink:#e6e8ea;--dim:#a3abb5;
--line:#33383f;--focus:#8ab8f5;--good:#7fd19b;--notice:#f0c163;--bad:#ff9d94;--good-bg:#15291c;--notice-bg:#2c2412;--bad-bg:#341b19;
--sbom:#a9cdf7;--sbom-bg:#17304c;--signature:#cdbcf6;--signature-bg:#30264c;--attestation:#93dcd2;--attestation-bg:#123733;
--vex:#f4c78b;--vex-bg:#3b2a12;--other:#c3c9d0;--other-bg:#2c3036}}
*{box-sizing:border-box}
html{background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
-webkit-text-size-adjust:100%}
body{margin:0 auto;max-width:72rem;padding:1.5rem 1rem 3rem;overflow-wrap:anywhere}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.875em}
h1,h2,h3,p,ul,dl,dd{margin:0}
ul{list-style:none;padding:0}
h1{font-size:1.6rem;line-height:1.25;font-weight:650;letter-spacing:-.01em}
h2{font-size:1.125rem;line-height:1.3;font-weight:650;margin:2.25rem 0 .75rem}
h3{font-size:1rem;font-weight:650}
.eyebrow{color:var(--dim);font-size:.875rem;margin-bottom:.25rem}
.id{margin-top:.375rem;color:var(--dim)}
.id .digest{max-width:none;white-space:normal}
.digest{display:inline-block;max-width:20ch;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;vertical-align:bottom;
-webkit-user-select:all;user-select:all;cursor:text}
.says{display:flex;gap:.5em;align-items:baseline}
.says::before{content:"•"/"";flex:none;width:1em;text-align:center;font-weight:700}
.says.good::before{content:"✓"/"";color:var(--good)}
.says.notice::before{content:"!"/"";color:var(--notice)}
.says.bad::before{content:"✕"/""}
.fact.good .value{color:var(--good)}
.fact.notice .value{color:var(--notice)}
.says.bad,.fact.bad .value{color:var(--bad)}
h1,dd,.note,.says{unicode-bidi:plaintext}
.verdict{margin:1.25rem 0 1rem;padding:.75rem 1rem;border-radius:.5rem;border:1px solid var(--line);background:var(--card);font-weight:600}
.verdict.good{background:var(--good-bg);border-color:var(--good);color:var(--good)}
.verdict.notice{background:var(--notice-bg);border-color:var(--notice);color:var(--notice)}
.verdict.bad{background:var(--bad-bg);border-color:var(--bad);color:var(--bad)}
.facts{display:flex;flex-wrap:wrap;gap:1px;background:var(--line);border:1px solid var(--line);
border-radius:.5rem;overflow:hidden}
.fact{flex:1 1 9.5rem;min-width:0;background:var(--card);padding:.75rem 1rem}
.fact dt{color:var(--dim);font-size:.8125rem}
.fact .value{display:block;font-size:1.375rem;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums}
.note{display:block;color:var(--dim);font-size:.8125rem;line-height:1.4}
.categories{display:flex;flex-wrap:wrap;gap:.375rem 1rem;margin-top:.875rem;font-variant-numeric:tabular-nums}
.badge{display:inline-block;padding:.0625rem .5rem;border-radius:1rem;font-size:.75rem;line-height:1.35;font-weight:600;
color:var(--other);background:var(--other-bg);white-space:nowrap}
.sbom{color:var(--sbom);background:var(--sbom-bg)}
.signature{color:var(--signature);background:var(--signature-bg)}
.attestation{color:var(--attestation);background:var(--attestation-bg)}
.vex{color:var(--vex);background:var(--vex-bg)}
.kind,.level{color:var(--dim);font-size:.75rem;font-weight:600}
.tree,.lines,.finding,section>.pairs{background:var(--card);border:1px solid var(--line);border-radius:.5rem;padding:.75rem 1rem}
.tree>.node+.node{margin-top:.75rem;padding-top:.75rem;border-top:1px solid var(--line)}
.lines>li+li{margin-top:.375rem}
.node{padding:.375rem 0;min-width:0}
.tree>.node{padding:0}
.tree>.image>.row .title{font-size:1.0625rem}
.row{display:flex;flex-wrap:wrap;gap:.125rem 1rem;justify-content:space-between;align-items:baseline}
.name{flex:1 1 18rem;min-width:0}
.title{font-weight:550}
.meta{display:flex;flex-wrap:wrap;gap:0 1rem;align-items:baseline;color:var(--dim);font-size:.875rem;font-variant-numeric:tabular-nums}
.node .says{font-size:.875rem;color:var(--dim)}
.node .says.bad{color:var(--bad)}
.below>ul{margin-left:.4375rem;padding-left:1rem;border-left:1px solid var(--line)}
.below>ul.flat{margin-left:0;padding-left:0;border-left:0}
.long>.node{content-visibility:auto;contain-intrinsic-size:auto 3.5rem}
summary{cursor:pointer;border-radius:.25rem}
summary .says{display:inline-flex;max-width:calc(100% - 1.5rem);vertical-align:top}
summary::marker{color:var(--dim)}
summary:hover{background:var(--other-bg)}
:focus-visible{outline:2px solid var(--focus);outline-offset:-2px}
.small{font-size:.8125rem;color:var(--dim)}
.pairs>div{display:grid;grid-template-columns:minmax(6rem,12rem) minmax(0,1fr);gap:0 1rem;padding:.1875rem 0}
.pairs dt{color:var(--dim)}
.small .pairs,.small>ul{padding:.25rem 0 .25rem 1rem}
.small .pairs dd{color:var(--ink)}
.finding{border-left-width:4px}
.finding+.finding{margin-top:.75rem}
.finding.error{border-left-color:var(--bad)}
.finding.warning{border-left-color:var(--notice)}
.error .severity{color:var(--bad)}
.warning .severity{color:var(--notice)}
.severity{text-transform:uppercase;font-size:.75rem;letter-spacing:.04em}
.count{color:var(--dim);font-weight:400;font-size:.875rem}
.next{margin:.25rem 0 .5rem}
.finding li{padding:.5rem 0;border-top:1px solid var(--line)}
.finding .pairs{font-size:.875rem}
footer{margin-top:2.5rem;color:var(--dim);font-size:.8125rem}
@media (min-width:36rem){.name{display:flex;gap:.5rem;align-items:baseline}.title{min-width:0}.badge,.kind,.level{flex:none}}
@media (min-width:60rem){.meta{display:grid;grid-template-columns:9.5rem 4rem 14rem}.meta>.size{text-align:right}}
@media (max-width:36rem){body{padding:1rem .75rem 2rem}h1{font-size:1.3rem}
.fact{flex-basis:calc(50% - 1px);padding:.625rem .75rem}
.tree,.lines,.finding,section>.pairs{padding:.625rem .75rem}.name{flex-basis:100%}.node .title{font-size:.9375rem}.below>ul{padding-left:.625rem}
.pairs>div{grid-template-columns:minmax(0,1fr)}.pairs dd{margin-bottom:.125rem}}
@media print{:root{--page:#fff}body{max-width:none;padding:0}.digest{max-width:none;white-space:normal}
.long>.node{content-visibility:visible}.row,.fact,.finding li{break-inside:avoid}h2{break-after:avoid}
details::details-content{content-visibility:visible}.facts,.verdict,.badge{print-color-adjust:exact}}
`;
