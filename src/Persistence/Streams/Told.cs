namespace DeployHub.Persistence.Streams;

/// <summary>Where the data of an entry comes from.</summary>
internal enum ToldRow
{
    None,
    Plan,
    Step,
    Batch,
    Target,
}

internal sealed record ToldItem(Guid Stream, string Kind, ToldRow Row, Guid? Subject, string? Data);

/// <summary>What the open transaction of a context has told so far. A row is told once a transaction, as it stands at its end.</summary>
internal sealed class Told
{
    private const string Nothing = "{}";
    private readonly List<ToldItem> _items = [];
    private readonly HashSet<ToldItem> _rows = [];
    private readonly HashSet<Guid> _signals = [];

    public IReadOnlyList<ToldItem> Items => _items;

    public void Row(Guid stream, string kind, ToldRow row, Guid subject) => AddOnce(new ToldItem(stream, kind, row, subject, null));

    /// <summary>Follows the plan or batch that was told just before.</summary>
    public void Done(Guid stream) => AddOnce(new ToldItem(stream, StreamKinds.Done, ToldRow.None, null, Nothing));

    public void Add(ToldItem item) => _items.Add(item);

    public void Signal(Guid id) => _signals.Add(id);

    /// <summary>Whom to wake once it is committed.</summary>
    public List<StreamNews> News() =>
    [
        .. _items.GroupBy(x => x.Stream).Select(x => new StreamNews(x.Key, x.Any(item => item.Kind == StreamKinds.Done))),
        .. _signals.Select(id => new StreamNews(id, Ended: false)),
    ];

    public void Clear()
    {
        _items.Clear();
        _rows.Clear();
        _signals.Clear();
    }

    private void AddOnce(ToldItem item)
    {
        if (!_rows.Add(item))
        {
            _items.Remove(item);
        }

        _items.Add(item);
    }
}
