using DeployHub.Persistence;
using Npgsql;
using Quartz;

namespace DeployHub.Worker.Calendar;

/// <summary>What follows a calendar. Deadlines and retries do not: they are messages that wait for their time.</summary>
public static class CalendarSetup
{
    private const string Hourly = "0 17 * * * ?";

    /// <summary>
    /// Of several workers on one PostgreSQL one runs each job, and another when that one died: the schedule lies in the database, in tables
    /// of its own (<c>qrtz_…</c>) that are made at the first start. In the embedded shape it lies in memory, and each start runs the jobs once.
    /// </summary>
    public static IServiceCollection AddCalendar(this IServiceCollection services, PersistenceOptions persistence)
    {
        var housekeeping = new JobKey("housekeeping");
        services.AddQuartz(quartz =>
        {
            quartz.UseDefaultThreadPool(maxConcurrency: 2);
            quartz.ScheduleJob<HousekeepingJob>(
                trigger => trigger.WithIdentity("housekeeping-hourly").WithCronSchedule(Hourly), job => job.WithIdentity(housekeeping));
            if (persistence.Postgres is { } postgres)
            {
                quartz.ConfigureScheduler(scheduler => scheduler.InstanceName = "deployhub");
                quartz.UsePersistentStore(store =>
                {
                    store.UsePostgres(Few(postgres));
                    store.UseClustering(cluster => cluster.CheckinInterval = TimeSpan.FromMinutes(1));
                    store.ProvisionSchema();
                });
            }
            else
            {
                quartz.UseInMemoryStore();
                quartz.RunAtStartup(housekeeping);
            }
        });
        return services.AddHostedService<CalendarService>();
    }

    // Its own small pool: what it does is never urgent.
    private static string Few(string postgres) => new NpgsqlConnectionStringBuilder(postgres) { ApplicationName = "deployhub-calendar", MinPoolSize = 0, MaxPoolSize = 3 }.ConnectionString;
}
