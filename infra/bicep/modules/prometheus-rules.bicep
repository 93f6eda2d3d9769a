// The rules of infra/monitoring, evaluated by Managed Prometheus. It takes 20 rules a group, and hours at the most.
@description('Region.')
param location string

@description('Tags of every resource.')
param tags object

@description('Names begin with it.')
param prefix string

@description('The metrics.')
param prometheusId string

@description('Who is told.')
param operatorsId string

var service = loadYamlContent('../../monitoring/rules/service.yml')
var ingestion = loadYamlContent('../../monitoring/rules/ingestion.yml')
var objectives = loadYamlContent('../../monitoring/rules/objectives.yml')
var cost = loadYamlContent('../../monitoring/rules/cost.yml')
var groups = concat(service.groups, ingestion.groups, objectives.groups, cost.groups)

resource rules 'Microsoft.AlertsManagement/prometheusRuleGroups@2023-03-01' = [for group in groups: {
  name: '${prefix}-${group.name}'
  location: location
  tags: tags
  properties: {
    enabled: true
    interval: 'PT1M'
    scopes: [prometheusId]
    // any(): some rules record, some alert, and none has all properties.
    rules: [for rule in any(group.rules): union({
      expression: rule.expr
      labels: contains(rule, 'labels') ? rule.labels : {}
    }, contains(rule, 'record') ? {
      record: rule.record
    } : {
      alert: rule.alert
      'for': contains(rule, 'for') ? format('PT{0}', toUpper(rule['for'])) : 'PT0M'
      annotations: rule.annotations
      severity: rule.labels.severity == 'page' ? 1 : 3
      resolveConfiguration: {
        autoResolved: true
        timeToResolve: 'PT10M'
      }
      actions: [
        {
          actionGroupId: operatorsId
        }
      ]
    })]
  }
}]
