namespace DeployHub.Demo;

/// <summary>Tells what became of each one, once for every change.</summary>
internal sealed class Changes(Screen screen)
{
    private readonly Dictionary<string, (string, string?)> _told = [];

    public void Tell(string who, string status, string? phase = null)
    {
        if (_told.GetValueOrDefault(who) != (status, phase))
        {
            _told[who] = (status, phase);
            screen.Progress(who, status, phase);
        }
    }
}
