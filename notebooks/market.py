"""A market, its demand and what the models learned: the notebook to start from."""

import marimo

__generated_with = "0.25.2"
app = marimo.App(
    width="medium",
    app_title="A market, its demand and what the models learned",
)


@app.cell
def _():
    import marimo as mo
    import matplotlib.pyplot as plt

    from lodestay.money import minor_digits
    from lodestay.settings import get_settings
    from warehouse.runner import open_warehouse

    settings = get_settings()
    warehouse = open_warehouse(settings.lake)
    return minor_digits, mo, plt, settings, warehouse


@app.cell
def _(mo):
    mo.md("""
    # A market, its demand and what the models learned

    Everything here reads the lake through the warehouse, as any analyst would, and the models from MLflow. Run the
    pipeline first (`make demo` does). Amounts are in the market's currency.
    """)
    return


@app.cell
def _(mo, warehouse):
    markets = warehouse.sql(
        "SELECT market, any_value(currency) AS currency, count(*) AS listings FROM staging.stg_listings "
        "WHERE is_active GROUP BY market ORDER BY listings DESC"
    ).df()
    market = mo.ui.dropdown(options=list(markets["market"]), value=markets["market"].iloc[0], label="market")
    market
    return market, markets


@app.cell
def _(mo):
    mo.md("""
    ## What is on offer, and for how much
    """)
    return


@app.cell
def _(market, markets, minor_digits, plt, warehouse):
    currency = markets.set_index("market").loc[market.value, "currency"]
    supply = warehouse.execute(
        "SELECT week, room_type, free_nights, median_price_minor FROM marts.supply_by_week WHERE market = ? ORDER BY week",
        [market.value],
    ).df()
    supply_figure, (free_axis, price_axis) = plt.subplots(1, 2, figsize=(11, 3.5))
    for _room_type, _rows in supply.groupby("room_type"):
        free_axis.plot(_rows["week"], _rows["free_nights"], label=_room_type)
        price_axis.plot(_rows["week"], _rows["median_price_minor"] / 10 ** minor_digits(currency), label=_room_type)
    free_axis.set(title="free nights by week")
    price_axis.set(title="median price of a free night, by week", ylabel=currency)
    price_axis.legend(fontsize=8)
    supply_figure.autofmt_xdate()
    supply_figure
    return


@app.cell
def _(mo):
    mo.md("""
    ## The demand curve

    How often a listing that was shown is clicked, and how often it is booked from there, by how its price stands against
    the other listings of the same page. These are *logged* impressions: what was shown high is seen more, so
    compare within a position, not across.
    """)
    return


@app.cell
def _(market, plt, warehouse):
    demand = warehouse.execute(
        """
        WITH shown AS (
          SELECT i.position, i.clicked, i.booked,
                 percent_rank() OVER (PARTITION BY i.search_id ORDER BY l.base_price_minor) AS price_rank
          FROM staging.stg_impressions AS i
          INNER JOIN staging.stg_listings AS l ON i.listing_id = l.listing_id
          WHERE i.market = ? AND l.base_price_minor IS NOT NULL
        )
        SELECT CASE WHEN position <= 5 THEN 'positions 1-5' ELSE 'positions 6 and on' END AS place,
               floor(price_rank * 5) / 5 AS price_rank, avg(clicked::INT) AS clicked, avg(booked::INT) AS booked, count(*) AS shown
        FROM shown GROUP BY ALL ORDER BY ALL
        """,
        [market.value],
    ).df()
    demand_figure, demand_axes = plt.subplots(1, 2, figsize=(11, 3.5))
    for _axis, _outcome, _title in zip(demand_axes, ("clicked", "booked"), ("clicks", "bookings")):
        for _place, _rows in demand.groupby("place"):
            _axis.plot(_rows["price_rank"], _rows[_outcome] * 100, marker="o", label=_place)
        _axis.set(title=f"{_title} per 100 impressions", xlabel="price rank on the page (0 = cheapest)")
    demand_axes[0].legend(fontsize=8)
    demand_figure
    return


@app.cell
def _(mo):
    mo.md("""
    ## What the models learned
    """)
    return


@app.cell
def _(settings):
    from ml.registry import MAIN, Registry

    registry = Registry(settings.require_mlflow_tracking_uri())
    champions = {name: registry.champion(name) for name in registry.names()}
    return MAIN, champions


@app.cell
def _(MAIN, champions, plt):
    learned = {name: model for name, model in champions.items() if model is not None}
    learned_figure, learned_axes = plt.subplots(1, max(len(learned), 1), figsize=(12, 4), squeeze=False)
    for _axis, (_name, _model) in zip(learned_axes[0], learned.items()):
        _gains = sorted(zip(_model.boosters[MAIN].feature_importance("gain"), _model.features))[-10:]
        _gains = [(_gain, _feature) for _gain, _feature in _gains if _gain]
        _axis.set(title=f"{_name} {_model.version.version}: gain by feature")
        if _gains:
            _axis.barh([_feature for _, _feature in _gains], [_gain for _gain, _ in _gains])
        else:  # no trained model was surely better: the rule serves, and asks no feature
            _axis.text(0.5, 0.5, "the one-line rule:\nno feature is asked", ha="center", va="center")
            _axis.set_axis_off()
    learned_figure.tight_layout()
    learned_figure
    return


@app.cell
def _(champions, mo):
    mo.vstack(
        [mo.md(_model.version.card if _model else f"# {_name}\n\nNo version has passed the gate yet.") for _name, _model in champions.items()]
    )
    return


@app.cell
def _(mo, warehouse):
    funnel = warehouse.sql("SELECT * FROM marts.search_funnel ORDER BY market, day").df()
    mo.vstack([mo.md("## The funnel, day by day"), mo.ui.table(funnel)])
    return


if __name__ == "__main__":
    app.run()
