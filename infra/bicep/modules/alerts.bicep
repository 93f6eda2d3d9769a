// What wakes somebody up although no cluster's Prometheus looks at it, and what a month may cost.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Names begin with it.')
param prefix string

@description('Who is told; empty: nobody, and alerts only show in the portal.')
param email string

@description('What a month may cost, in the currency of the subscription.')
param monthlyBudget int

@description('First day of the month in which the budget was made; it can never be changed. Empty: no budget.')
param budgetStart string

@description('The services that are watched, by their short names.')
param services object

var metrics = [
  { name: 'storage-availability', service: services.storage, metric: 'Availability', is: 'LessThan', threshold: 99, of: 'Average' }
  { name: 'key-vault-availability', service: services.keyVault, metric: 'Availability', is: 'LessThan', threshold: 99, of: 'Average' }
  { name: 'openai-availability', service: services.openAi, metric: 'AzureOpenAIAvailabilityRate', is: 'LessThan', threshold: 99, of: 'Average' }
  { name: 'search-throttled', service: services.search, metric: 'ThrottledSearchQueriesPercentage', is: 'GreaterThan', threshold: 5, of: 'Average' }
  { name: 'mongodb-disk', service: services.mongo, metric: 'StoragePercent', is: 'GreaterThan', threshold: 80, of: 'Average' }
  { name: 'mongodb-cpu', service: services.mongo, metric: 'CpuPercent', is: 'GreaterThan', threshold: 85, of: 'Average' }
  { name: 'redis-memory', service: services.redis, metric: 'usedmemorypercentage', is: 'GreaterThan', threshold: 90, of: 'Maximum' }
  { name: 'events-dead', service: services.events, metric: 'DeadLetteredCount', is: 'GreaterThan', threshold: 0, of: 'Total' }
]

// The words are those of docs/operations.md.
var queries = [
  {
    name: 'documents-parked'
    severity: 2
    query: 'AppTraces | where Message has "document_parked"'
    threshold: 0
  }
  {
    name: 'requests-failed'
    severity: 1
    query: 'AppRequests | summarize failed = countif(toint(ResultCode) >= 500), total = count() | where total >= 20 and failed * 100.0 / total > 1'
    threshold: 0
  }
  {
    name: 'settings-refused'
    severity: 1
    query: 'AppTraces | where Message has "settings_refused"'
    threshold: 0
  }
]

var receivers = [
  {
    name: 'operators'
    emailAddress: email
    useCommonAlertSchema: true
  }
]

resource operators 'Microsoft.Insights/actionGroups@2023-01-01' = {
  name: '${prefix}-operators'
  location: 'global'
  tags: tags
  properties: {
    enabled: true
    groupShortName: 'rag'
    emailReceivers: empty(email) ? [] : receivers
  }
}

resource metricAlerts 'Microsoft.Insights/metricAlerts@2018-03-01' = [for each in metrics: {
  name: '${prefix}-${each.name}'
  location: 'global'
  tags: tags
  properties: {
    severity: 2
    enabled: true
    scopes: [each.service]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      'odata.type': 'Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria'
      allOf: [
        {
          criterionType: 'StaticThresholdCriterion'
          name: each.name
          metricName: each.metric
          operator: each.is
          threshold: each.threshold
          timeAggregation: each.of
        }
      ]
    }
    actions: [
      {
        actionGroupId: operators.id
      }
    ]
  }
}]

resource logAlerts 'Microsoft.Insights/scheduledQueryRules@2022-06-15' = [for each in queries: {
  name: '${prefix}-${each.name}'
  location: location
  tags: tags
  kind: 'LogAlert'
  properties: {
    displayName: each.name
    severity: each.severity
    enabled: true
    scopes: [services.workspace]
    evaluationFrequency: 'PT5M'
    windowSize: 'PT15M'
    criteria: {
      allOf: [
        {
          query: each.query
          timeAggregation: 'Count'
          operator: 'GreaterThan'
          threshold: each.threshold
          failingPeriods: {
            numberOfEvaluationPeriods: 1
            minFailingPeriodsToAlert: 1
          }
        }
      ]
    }
    autoMitigate: true
    skipQueryValidation: true // a table is there once something was written to it
    actions: {
      actionGroups: [operators.id]
    }
  }
}]

resource budget 'Microsoft.Consumption/budgets@2023-11-01' = if (!empty(budgetStart)) {
  name: '${prefix}-month'
  properties: {
    category: 'Cost'
    amount: monthlyBudget
    timeGrain: 'Monthly'
    timePeriod: {
      startDate: budgetStart
    }
    notifications: {
      spent: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 80
        thresholdType: 'Actual'
        contactEmails: []
        contactGroups: [operators.id]
      }
      expected: {
        enabled: true
        operator: 'GreaterThan'
        threshold: 100
        thresholdType: 'Forecasted'
        contactEmails: []
        contactGroups: [operators.id]
      }
    }
  }
}

output operatorsId string = operators.id
