// The environment that people rely on: a private network, three zones, a cluster beside the Function App.
using 'main.bicep'

param environment = 'prod'
param generation = readEnvironmentVariable('GENERATION', '1')
param privateNetwork = true
param zoneRedundant = true
param deployCluster = true
param deployStaticWebApp = false

param mongodbPassword = readEnvironmentVariable('MONGODB_PASSWORD')
param operatorsGroupId = readEnvironmentVariable('OPERATORS_GROUP_ID', '')
// Runners of GitHub have no address of their own: name those of your own runners here, and nobody else comes in.
param deployerAddresses = []
param browserAddresses = []
param host = readEnvironmentVariable('API_HOST', '')
param pageOrigins = readEnvironmentVariable('RAG_CORS_ORIGINS', '')
param entraTenantId = readEnvironmentVariable('ENTRA_TENANT_ID', '')
param entraAudience = readEnvironmentVariable('ENTRA_AUDIENCE', '')
param entraClientId = readEnvironmentVariable('ENTRA_CLIENT_ID', '')
param registration = 'closed'

param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param monthlyBudget = 3000
param budgetStart = readEnvironmentVariable('BUDGET_START', '')
param logDays = 90

param chatModel = { name: 'gpt-4.1', version: '2025-04-14', sku: 'GlobalStandard', capacity: 250 }
param fallbackModel = { name: 'gpt-4.1-mini', version: '2025-04-14', sku: 'GlobalStandard', capacity: 250 }
param embeddingModel = { name: 'text-embedding-3-small', version: '1', sku: 'GlobalStandard', capacity: 350 }
param searchTier = 'standard'
param searchReplicas = 3
param mongoTier = 'M30'
param mongoDiskGb = 128
param redisSize = 'Balanced_B1'

param alwaysReadyInstances = 2
param mostInstances = 40
param rollingUpdates = true
param nodeSize = 'Standard_D4ds_v5'
param fewestNodes = 3
param mostNodes = 14
