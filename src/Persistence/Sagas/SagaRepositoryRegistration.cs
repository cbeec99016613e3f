using MassTransit;
using MassTransit.Configuration;
using MassTransit.Saga;

namespace DeployHub.Persistence.Sagas;

public static class SagaRepositoryRegistration
{
    /// <summary>Keeps the saga's instances in the one schema.</summary>
    public static void InDeployHubDb<TSaga>(this ISagaRegistrationConfigurator<TSaga> saga) where TSaga : class, ISaga, IVersioned =>
        saga.Repository(repository =>
        {
            repository.RegisterLoadSagaRepository<TSaga, SagaRepositoryFactory<TSaga>>();
            repository.RegisterQuerySagaRepository<TSaga, SagaRepositoryFactory<TSaga>>();
            repository.RegisterSagaRepository<TSaga, DeployHubDb, SagaConsumeContextFactory<DeployHubDb, TSaga>, SagaRepositoryFactory<TSaga>>();
        });
}
