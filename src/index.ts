// The public surface. Importing it loads no TensorFlow, Plotly or danfojs: what needs them loads them when it is
// called.

// Studies and runs
export { train, runStudy, resultsOf, type TrainOptions } from './notebook';
export { defineStudy, type StudyFields } from './experiments/studies/define';
export type { RunStudyOptions } from './experiments/studies/run-study';
export { trained, loadAdapter, predict } from './own';
export type { Adapter } from './training/adapter';
export { newTaskBank, loadTaskBank } from './own';
export type { TaskBank, BankRow } from './training/task-bank';
export type { Prediction, Reading } from './training/kinds/kind';
export { plan, planTable, type Foreseen } from './views/foresee';
export { review, type Review } from './views/review';
export { existingMethods } from './experiments/studies/existing-methods';
export { studies, studyNamed } from './experiments/studies/index';
export { plansOf, type Study, type Variant } from './experiments/studies/study';
export { runSpec, runId, runPath, type RunSpec, type RunFields, type Tier } from './experiments/store/spec';
export { readRows, recordsOfRuns } from './experiments/store/rows';
export type { Comparison, RunRow } from './rows';
export { runs, runTable, type RunsWish } from './views/run-list';
export type { RunEntry } from './experiments/store/entry';
export { repeats, type Repeat } from './experiments/runner/repeat';
export { spent, type Spent } from './experiments/studies/spent';
export { UserError } from './errors';
export { designStages } from './experiments/studies/design-space';

// Methods as values, and what they cost
export type { Method, Modification } from './petl/design/types';
export type { Delta } from './petl/bank/delta';
export * as methods from './petl/design/methods';
export { parseMethod, printMethod } from './petl/design/written';
export { count, type Counts } from './petl/counts/count';
export { sites, type Site } from './model/site';
export { combinations } from './petl/design/space';
export { publishedCounts, disagreements, disagreementTable, type PublishedCount } from './views/published-counts';
export { fitBudget, type Fitted } from './petl/counts/budget';
export { refusalOf } from './views/refusal';

// Frozen models at hand
export type { Model } from './model/open';
export { knownShapes } from './model/shapes';
export type { ModelShape } from './model/shape';
export {
  openModel,
  newDelta,
  fewSteps,
  tokenize,
  packTexts,
  visitTexts,
  textVectors,
  rms,
  tensorsHash,
} from './views/live';
export { prefixTwice, prefixGates, prefixAttention, deltaSizes, threeForms, someExamples } from './views/live';
export { saveDelta, loadDelta, importForeign, exportForeign, mergeStated, newBank } from './views/live';
export { shapesOf, siteTable, type SiteShapes } from './views/site-table';
export { nextScores, write, disturb, refusedModels } from './views/live';
export { voiceStudies, voiceTable, voiceTexts } from './views/voices';
export { togetherTable } from './views/voices-together';
export { diskTable, servedTable, storagePoints, storageTable } from './views/voice-storage';
export { readVoicesBench, type VoicesBench } from './experiments/bench-record';
export { publishedVoices } from './experiments/findings/exact';
export { voicesOf, openAsker } from './views/live';
export { answerText, askedTable, packedText, timesLine } from './views/asked';
export { recallOf } from './views/recall';
export { readerTable, passageCurve, answerTable } from './views/reader';
export { answersCurve, answersLines, passesTable, twiceTable } from './views/recursive';
export { trendGaps, trendsFigure, type Trends, type TrendsOptions } from './views/trends';
export { writtenBeside, type WrittenBeside } from './views/written-beside';

// Tasks
export { inspect, type Inspected } from './views/inspect';
export { classificationTask, type ClassificationTask, type OwnLabels } from './tasks/classification';
export { regressionTask, type RegressionTask, type OwnNumbers } from './tasks/regression';
export { multiLabelTask, type MultiLabelTask, type OwnManyLabels } from './tasks/multi-label';
export { spanTask, type SpanTask, type OwnSpans } from './tasks/answer-spans';
export { taskNamed } from './tasks/registry';
export { mixture, type MixedPart, type MixtureTask } from './tasks/mixture';
export { generationTask, type GenerationTask, type OwnPairs } from './tasks/generation';
export type { Task } from './tasks/task';

// Statistics and verdicts
export { compare, compareWith, type Pairwise } from './experiments/statistics/compare';
export { published, type PublishedNumber } from './experiments/findings/published';
export { mean, deviation, meanInterval, predictionInterval, type Interval } from './experiments/statistics/statistics';
export { pairedBootstrap, bootstrapInterval } from './experiments/statistics/bootstrap';
export { judge, rule, type Finding, type Verdict } from './experiments/findings/verdict';
export { findings, verdicts } from './experiments/findings/index';
export { readGate, type GateRecord } from './experiments/findings/gate-record';
export { verdictsOf, verdictTable, linkTable, preconditionTable } from './views/verdict-table';
export { offersOf, paretoFront, paretoTable, type Offer } from './views/pareto';

// Tables and figures
export { variantTable, comparisonTable, publishedTable } from './tables';
export { axis, figure, type Figure } from './plots/figure';
export type { Table } from './plots/table';
export { frame, summary } from './plots/frame';
export { scoreTable } from './plots/score-table';
export { besidePublished } from './plots/beside-published';
export { budgetSweep } from './plots/budget-sweep';
export { heatMap } from './plots/heat-map';
export { percentileBands } from './plots/percentiles';
export {
  tradeOffPoints,
  robustness,
  dataSizes,
  spansOn,
  spanFigure,
  inTurnTable,
  totalSizes,
  measuredSizes,
  bankSizes,
} from './views/many-tasks';
export { furtherTasks, sizeForEach } from './views/houlsby-tables';
export { gaps } from './plots/gaps';
export { liveCurve, progressBar } from './plots/live';
export { parameterScore, lossCurve, resultTable, type PartOfStudy } from './views/study-figures';
export { exportStudy, type StudyExport, type StudyFormat } from './views/export-study';
export { exportFigure } from './plots/export';
export { show, showTable } from './plots/show';
export { touchMap } from './views/touch-map';
export { drawMethod, type MethodPicture } from './views/method-picture';
export { drawByText, drawReader } from './views/reading-pictures';
export { drawBank, drawGenerator, drawTwice, type SystemPicture } from './views/system-pictures';
export { packingPicture } from './views/packing-picture';
export { designTable, sideBySide } from './views/design-table';
export { panels } from './views/panels';
export { reasonTable } from './views/reason-table';
export type { HeatCell } from './plots/heat-map';
export { countTable, budgetTable } from './views/count-tables';
export { countFigure, type Family } from './views/count-figure';
export { modelTable } from './views/model-table';
export { publishedGrid } from './views/result-table';
export { gateTable } from './views/gate-table';
export { spentTable } from './views/spent-table';
export { costTable } from './views/cost-table';
export { screenedOf, screenTable, screenMap } from './views/design-screen';
