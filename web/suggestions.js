/**
 * Questions that the samples answer; each is offered while its document is there. Used by start.
 * `language` is the question's; without one it is English.
 */
export const SUGGESTIONS = [
  { document: "employee-handbook.pdf", question: "How many days of paid annual leave do full-time employees have?" },
  { document: "incident-ir-2026-03.md", question: "What was the root cause of incident IR-2026-03?" },
  { document: "calibration-schedule.xlsx", question: "When is the next calibration of the LS-900 of ETA Microsystems?" },
  { document: "trade-fair-munich.msg", question: "In which hall is the stand at the trade fair in Munich?" },
  { document: "quarterly-review-q3-2026.pptx", question: "When will the LS-950 nanobalance be launched?" },
  { document: "warranty-terms.docx", question: "How soon after noticing a fault must a warranty claim be reported?" },
  { document: "canteen-notice-scan.png", question: "What does the vegetarian dish cost in the canteen?" },
  { document: "weighing-well.epub", question: "How many milligrams does a fingerprint weigh?" },
  { document: "reiserichtlinie.md", question: "Innerhalb welcher Frist muss eine Reise abgerechnet werden?", language: "de" },
  { document: "normas-taller-girona.rtf", question: "¿Cada cuánto se cambian los zapatos antiestáticos?", language: "es" },
];
