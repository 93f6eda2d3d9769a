// An environment to try things in: small, one zone, reachable from everywhere by those who may.
using 'main.bicep'

param environment = 'dev'
param generation = readEnvironmentVariable('GENERATION', '1')
param privateNetwork = false
param zoneRedundant = false
param deployCluster = false
param deployStaticWebApp = false

param mongodbPassword = readEnvironmentVariable('MONGODB_PASSWORD')
param operatorsGroupId = readEnvironmentVariable('OPERATORS_GROUP_ID', '')
param host = readEnvironmentVariable('API_HOST', '')
param pageOrigins = readEnvironmentVariable('RAG_CORS_ORIGINS', '')
param entraTenantId = readEnvironmentVariable('ENTRA_TENANT_ID', '')
param entraAudience = readEnvironmentVariable('ENTRA_AUDIENCE', '')
param entraClientId = readEnvironmentVariable('ENTRA_CLIENT_ID', '')
param registration = 'open'

param alertEmail = readEnvironmentVariable('ALERT_EMAIL', '')
param monthlyBudget = 300
param budgetStart = readEnvironmentVariable('BUDGET_START', '')
param logDays = 30

param chatModel = { name: 'gpt-4.1-mini', version: '2025-04-14', sku: 'GlobalStandard', capacity: 50 }
param fallbackModel = { name: 'gpt-4.1-nano', version: '2025-04-14', sku: 'GlobalStandard', capacity: 50 }
param embeddingModel = { name: 'text-embedding-3-small', version: '1', sku: 'GlobalStandard', capacity: 120 }
param searchTier = 'basic'
param searchReplicas = 1
param mongoTier = 'M10'
param mongoDiskGb = 32
param redisSize = 'Balanced_B0'

param alwaysReadyInstances = 1
param mostInstances = 40
param rollingUpdates = false
param nodeSize = 'Standard_D2ds_v5'
